/** One request at a connection manager, from its head to the access log. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { HttpFilter, LocalReply, RouteRateLimits } from '../http-filters/filter.ts';
import type { DownstreamConnection } from '../listeners/connection.ts';
import type { RouteRequest } from '../route/request.ts';
import type { CompiledRoute, Found, RouteTable } from '../route/route-table.ts';
import type { ResponseFlag } from '../stream-info.ts';
import type { Drainable, IncomingRequest, RequestReceiver, ResetReason, ResponseWriter } from './codec.ts';
import { HeaderList } from './header-list.ts';
import { httpDate } from './http-date.ts';
import { ownAnswer } from './own-answer.ts';
import { orderRequest } from './early-answers.ts';
import { type Redirected, type RedirectHistory, noteRedirect } from './internal-redirect.ts';
import type { Manager } from './manager.ts';
import { RequestChain, type RequestChainOwner, type RequestSink } from './request-chain.ts';
import { introduceClient } from './request-headers.ts';
import { ResponseChain, type ResponseChainOwner, type ResponseSink } from './response-chain.ts';
import { clusterOnRoute, mayUpgrade, noteRoute, rateLimitsOf, settingsOnRoute } from './route-parts.ts';
import { Router } from './router.ts';
import { StreamRecord } from './stream-record.ts';
import { StreamSpan } from './stream-span.ts';
import { StreamTimers } from './stream-timers.ts';
import { turnTime } from '../sockets/turn.ts';

const NO_HOST: Found = { kind: 'no-host' };
const NO_FIELDS = new HeaderList();

export class HttpStream
  implements RequestReceiver, RequestChainOwner, ResponseChainOwner, ResponseSink, RouteRequest
{
  readonly manager: Manager;
  readonly info: StreamRecord;
  readonly writer: ResponseWriter;
  readonly requestHeaders: HeaderList;
  readonly upgrade: string;
  method: string;
  authority: string;
  path: string;
  /** Of CONNECT, when routing does without it: it goes on with the request. */
  connectPort: number | undefined;
  scheme = 'http';
  random: number;
  /** All of the request has come. */
  requestDone: boolean;
  /** A response is on its way to the client. */
  responseStarted = false;
  /** Answered by the proxy itself. */
  replied = false;
  ended = false;
  /** Undefined without tracing. */
  span: StreamSpan | undefined;
  /** The redirects of endpoints that were followed on the way here. */
  history: RedirectHistory | undefined;
  /** An endpoint's redirect has led here. */
  readonly #isRedirected: boolean;
  /** The stream that an endpoint's redirect has led to, which hears in place of this one what becomes of the connection. */
  #successor: HttpStream | undefined;
  readonly #downstream: Drainable;
  readonly #table: RouteTable | undefined;
  readonly #expectsContinue: boolean;
  #found: Found | undefined;
  #filters: HttpFilter[] | undefined;
  #request: RequestSink | undefined;
  #requestChain: RequestChain | undefined;
  #response: ResponseSink;
  #responseChain: ResponseChain | undefined;
  #router: Router | undefined;
  #timers: StreamTimers | undefined;
  #onEnd: (() => void)[] | undefined;
  #pauses = 0;
  /** An interim answer has gone out. */
  #informed = false;

  constructor(
    manager: Manager,
    connection: DownstreamConnection,
    request: IncomingRequest,
    writer: ResponseWriter,
    downstream: Drainable,
    history?: RedirectHistory,
  ) {
    this.manager = manager;
    this.history = history;
    this.#isRedirected = history !== undefined;
    this.writer = writer;
    this.#downstream = downstream;
    const info = new StreamRecord(connection, turnTime());
    this.info = info;
    this.method = request.method;
    this.authority = request.authority;
    this.path = request.path;
    this.requestHeaders = request.headers;
    this.upgrade = request.upgrade;
    this.requestDone = request.end;
    this.random = manager.context.random();
    this.#expectsContinue = request.expectsContinue;
    this.#response = this;
    // One configuration from the beginning to the end, whatever comes meanwhile.
    this.#table = manager.routes.table;
    info.protocol = request.protocol;
    info.method = request.method;
    info.scheme = request.scheme;
    info.authority = request.authority;
    info.path = request.path;
    info.originalPath = request.path;
    info.requestHeaders = request.headers;
    info.requestHeaderBytes = request.headBytes;
    if (request.end) info.times.requestEnd = info.times.start;
    manager.onStream(this);
  }

  get headers(): HeaderList {
    return this.requestHeaders;
  }

  /** The client is answered by another stream. */
  get isSucceeded(): boolean {
    return this.#successor !== undefined;
  }

  get requestEnded(): boolean {
    return this.replied || this.ended;
  }

  /** Takes the request up: everything between here and the filters. */
  begin(request: IncomingRequest): void {
    const { manager, info } = this;
    const { settings } = manager;
    this.#timers = StreamTimers.of(this);
    const early = orderRequest(this, request.hasAuthority);
    if (early !== undefined) {
      // Whether the client keeps the connection is not known yet, which those of HTTP/1.0 have to ask for.
      const closes = early.refuses ? !settings.keepsRefused : false;
      if (closes || info.protocol === 'HTTP/1.0') this.writer.closeAfter();
      this.reply(early.reply);
      return;
    }
    if (!this.#isRedirected) {
      introduceClient(
        info,
        this.requestHeaders,
        settings,
        manager.context.node,
        manager.internalOnly(this.#table),
      );
    }
    this.scheme = info.scheme;
    info.path = this.path;
    info.authority = this.authority;
    // What no route takes is told to be so below.
    const { compiled } = this.upgrade === '' ? {} : this;
    if (compiled !== undefined && !mayUpgrade(this.upgrade, compiled, settings)) {
      manager.stats.counters.downstream_rq_ws_on_non_ws_route.value++;
      info.upstreamCluster = manager.context.clusters.get(this.routeCluster);
      this.reply({ status: 403, body: '', details: 'upgrade_failed' });
      return;
    }
    if (this.#expectsContinue && !settings.proxy100Continue) {
      this.requestHeaders.remove('expect');
      this.writer.inform(100, NO_FIELDS);
      manager.stats.onAnswer(100);
    }
    if (manager.tracing !== undefined) this.span = new StreamSpan(manager.tracing, this);
    this.#makeChains();
    // What follows is for the other protocol, once the destination has agreed to it.
    if (this.upgrade !== '') this.pauseClient();
    this.#request?.start(this.requestDone);
  }

  /** Answers what was no request. */
  refuse(status: number, body: string, details: string, flag: ResponseFlag): void {
    this.info.flag(flag);
    this.writer.closeAfter();
    this.reply({ status, body, details });
  }

  onData(chunk: Buffer, end: boolean): void {
    this.info.bytesReceived += chunk.length;
    if (end) this.#endRequest();
    this.#timers?.active();
    if (!this.requestEnded) this.#request?.data(chunk, end);
  }

  onTrailers(trailers: HeaderList): void {
    this.#endRequest();
    if (!this.requestEnded) this.#request?.trailers(trailers);
  }

  onReset(reason: ResetReason, details: string): void {
    this.#successor?.onReset(reason, details);
    if (this.ended) return;
    this.manager.stats.counters.downstream_rq_rx_reset.value++;
    this.info.resetByClient(reason, details);
    this.#router?.cancel();
    this.#end();
  }

  onRefused(status: number, details: string): void {
    if (this.ended) return;
    this.info.flag('DPE');
    this.manager.stats.counters.downstream_cx_protocol_error.value++;
    if (this.responseStarted) {
      this.info.responseCodeDetails = details;
      this.#router?.cancel();
      this.writer.reset('protocol-error');
      this.#end();
      return;
    }
    this.writer.closeAfter();
    this.reply({ status, body: this.manager.phrase(status), details });
  }

  onWritable(): void {
    if (this.#successor === undefined) this.#router?.onClientWritable();
    else this.#successor.onWritable();
  }

  /** Asks the client to wait with its request, as often as `resumeClient` is called afterwards. */
  pauseClient(): void {
    if (this.#pauses++ === 0) this.writer.pause();
  }

  resumeClient(): void {
    if (this.#pauses > 0 && --this.#pauses === 0) this.writer.resume();
  }

  onRequestHeld(bytes: number): void {
    if (bytes > this.info.connection.listener.bufferLimit) this.#router?.flow.stopRequest();
    else if (bytes === 0) this.#router?.flow.resumeRequest();
  }

  onResponseHeld(bytes: number): void {
    this.#router?.onHeld(bytes > this.info.connection.listener.bufferLimit);
  }

  // === the route ===

  found(): Found {
    const known = this.#found;
    if (known !== undefined) return known;
    const found = this.#table?.find(this) ?? NO_HOST;
    this.#found = found;
    noteRoute(this.info, found);
    return found;
  }

  /** Where another request would go. */
  findRoute(request: RouteRequest): Found {
    return this.#table?.find(request) ?? NO_HOST;
  }

  get compiled(): CompiledRoute | undefined {
    const found = this.found();
    return found.kind === 'route' ? found.compiled : undefined;
  }

  clearRouteCache(): void {
    this.#found = undefined;
  }

  routeSettings(filterName: string): readonly Any[] {
    return settingsOnRoute(this.compiled, filterName);
  }

  get routeCluster(): string {
    const action = this.compiled?.action;
    if (action?.kind !== 'forward') return '';
    return action.forwarding.choose(this)?.cluster ?? '';
  }

  rateLimits(): RouteRateLimits {
    return rateLimitsOf(this.compiled);
  }

  /**
   * Begins anew, filters and all, with the request that an endpoint's redirect asks for; the client hears nothing of it.
   * All of the request has come. `body` goes with it.
   */
  redirect(
    { request, found }: Redirected,
    status: number,
    headers: HeaderList,
    body: readonly Buffer[],
  ): void {
    const { manager, writer, info } = this;
    noteRedirect(info, request, status, headers);
    this.#found = found;
    noteRoute(info, found);
    info.upstreamCluster = clusterOnRoute(this, found);
    while (this.#pauses > 0) this.resumeClient();
    const pieces = body.filter(({ length }) => length > 0);
    const asked = { ...request, end: pieces.length === 0 };
    const next = new HttpStream(manager, info.connection, asked, writer, this.#downstream, this.history);
    next.info.downstreamRemoteIp = info.downstreamRemoteIp;
    next.info.requestId = info.requestId;
    this.#successor = next;
    this.#end();
    next.begin(asked);
    for (const [index, piece] of pieces.entries()) next.onData(piece, index === pieces.length - 1);
    next.info.bytesReceived = info.bytesReceived;
  }

  // === answers ===

  reply(reply: LocalReply): void {
    if (this.ended) return;
    const { info } = this;
    if (info.responseCodeDetails === '' || !this.replied) info.responseCodeDetails = reply.details;
    this.#router?.cancel();
    if (this.responseStarted) {
      // Half of another answer is out already.
      this.writer.reset('local-reset');
      this.#end();
      return;
    }
    this.replied = true;
    const compiled = this.#found?.kind === 'route' ? this.#found.compiled : undefined;
    const built = ownAnswer(this, reply, compiled);
    // Only what is made of it there may say it.
    info.localReplyBody = undefined;
    const end = built.body.length === 0;
    this.#response.responseHead(built.status, built.headers, end);
    if (!end && !this.ended) this.#response.responseData(built.body, true);
  }

  /** From behind: an interim answer. Without the setting none goes on, as in Envoy. */
  inform(status: number, headers: HeaderList): void {
    if (this.responseStarted || !this.manager.settings.proxy100Continue) return;
    // One is enough, and of a kind that is known.
    if (status > 104 || this.#informed) return;
    this.#informed = true;
    this.manager.stats.onAnswer(status);
    this.writer.inform(status, headers);
  }

  /** From behind, towards the client. */
  respond(status: number, headers: HeaderList, end: boolean): void {
    this.info.responseCode = status;
    this.#response.responseHead(status, headers, end);
  }

  respondData(chunk: Buffer, end: boolean): void {
    this.#response.responseData(chunk, end);
  }

  respondTrailers(trailers: HeaderList): void {
    this.#response.responseTrailers(trailers);
  }

  setResponseStatus(status: number): void {
    this.info.responseCode = status;
    if (this.#responseChain !== undefined) this.#responseChain.status = status;
  }

  resumeRequest(): void {
    this.#requestChain?.resume();
  }

  resumeResponse(): void {
    this.#responseChain?.resume();
  }

  onEnd(listener: () => void): void {
    (this.#onEnd ??= []).push(listener);
  }

  responseHead(status: number, headers: HeaderList, end: boolean): void {
    const { info, manager, writer } = this;
    const { settings } = manager;
    const now = turnTime();
    info.responseCode = status;
    info.responseHeaders = headers;
    info.times.responseFirstSent = now;
    if (settings.via !== '') {
      const via = headers.joined('via');
      headers.set('via', via === undefined ? settings.via : `${via}, ${settings.via}`);
    }
    if (
      info.requestId !== '' &&
      (settings.requestIdInResponse || this.requestHeaders.has('x-envoy-force-trace'))
    ) {
      headers.set('x-request-id', info.requestId);
    }
    if (!headers.has('date')) headers.append('date', httpDate(now));
    if (settings.serverHeader === 'overwrite') headers.set('server', settings.serverName);
    else if (settings.serverHeader === 'append-if-absent' && !headers.has('server')) {
      headers.append('server', settings.serverName);
    }
    this.span?.respond(headers);
    if (this.#downstream.drains()) writer.drainConnection();
    if (!this.requestDone && this.upgrade === '') {
      manager.stats.counters.downstream_rq_response_before_rq_complete.value++;
    }
    this.responseStarted = true;
    if (this.upgrade !== '' && !end) this.resumeClient();
    writer.head(status, headers, end);
    info.responseHeaderBytes = writer.headBytes;
    this.#timers?.active();
    if (end) this.#end(true);
  }

  responseData(chunk: Buffer, end: boolean): void {
    this.info.bytesSent += chunk.length;
    const room = this.writer.data(chunk, end);
    this.#timers?.active();
    if (end) this.#end(true);
    else if (!room) this.#router?.onClientBlocked();
  }

  responseTrailers(trailers: HeaderList): void {
    this.info.responseTrailers = trailers;
    this.writer.trailers(trailers);
    this.#end(true);
  }

  /** The response cannot be finished: the client must see that. */
  abort(reason: ResetReason, flag: ResponseFlag, details: string): void {
    if (this.ended) return;
    this.info.flag(flag);
    this.info.responseCodeDetails = details;
    this.writer.reset(reason);
    this.#end();
  }

  // === beginning and end ===

  #makeChains(): void {
    const router = new Router(this);
    this.#router = router;
    this.#request = router;
    for (const filter of this.manager.filters) {
      const made = filter.forStream(this);
      if (made !== undefined) (this.#filters ??= []).push(made);
    }
    const filters = this.#filters;
    if (filters === undefined) return;
    this.#requestChain = new RequestChain(filters, this, router);
    this.#request = this.#requestChain;
    this.#responseChain = new ResponseChain(filters, this, this);
    this.#response = this.#responseChain;
  }

  /** The route's own limits take the place of the connection manager's. */
  limitStream(idle: number | undefined, duration: number | undefined): void {
    this.#timers = (this.#timers ?? new StreamTimers(this)).replace(idle, duration);
  }

  #endRequest(): void {
    this.requestDone = true;
    this.info.times.requestEnd = turnTime();
    this.#timers?.endRequest();
  }

  /** `whole`: with the last byte of the response. */
  #end(whole = false): void {
    if (this.ended) return;
    this.ended = true;
    const { times } = this.info;
    times.end = turnTime();
    if (whole) times.responseLastSent = times.end;
    this.info.upstreamCluster ??= clusterOnRoute(this, this.#found);
    this.#timers?.cancel();
    this.#router?.onStreamEnd();
    if (this.#onEnd !== undefined) for (const listener of this.#onEnd) listener();
    if (this.#filters !== undefined) for (const filter of this.#filters) filter.onComplete?.(this);
    this.manager.onStreamEnd(this);
  }
}
