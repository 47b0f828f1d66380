/**
 * The last filter: sends the request where its route says, again where that is allowed, and brings the answer back.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
 */

import type { CompiledRoute } from '../route/route-table.ts';
import type { Cluster } from '../upstream/types.ts';
import { askEndpoint } from './ask-endpoint.ts';
import type { OutgoingRequest, RequestWriter, ResetReason } from './codec.ts';
import { Deadline, type DeadlineOwner, deadlinesOf } from './deadlines.ts';
import { Flow } from './flow.ts';
import type { HeaderList } from './header-list.ts';
import { followed } from './internal-redirect.ts';
import type { RequestContext } from './load-balancing.ts';
import { Mirrors } from './mirrors.ts';
import { RequestBody, writeRequest } from './request-body.ts';
import type { RequestSink } from './request-chain.ts';
import { resetBody, resetDetails, resetFlag } from './reset-reasons.ts';
import { type RetryState, noteVerdict } from './retry-state.ts';
import { forwardingRoute } from './route-answers.ts';
import type { EditPlan } from './route-plan.ts';
import type { HttpStream } from './stream.ts';
import { type ForwardAction, addResponseHeaders, connectOptions } from './forward-request.ts';
import { announceAgain, prepareRequest } from './prepare-request.ts';
import type { Tally } from './tally.ts';
import type { Timeouts } from './timeouts.ts';
import { TriesInFlight } from './tries-in-flight.ts';
import { type TryOwner, UpstreamTry, countTry } from './upstream-try.ts';
import { turnTime } from '../sockets/turn.ts';

export class Router implements RequestSink, TryOwner, DeadlineOwner, OutgoingRequest {
  readonly #stream: HttpStream;
  readonly flow: Flow;
  #cluster: Cluster | undefined;
  #tally: Tally | undefined;
  #action: ForwardAction | undefined;
  #edits: EditPlan | undefined;
  #timeouts: Timeouts | undefined;
  #context: RequestContext | undefined;
  #retry: RetryState | undefined;
  #body: RequestBody | undefined;
  readonly #tries = new TriesInFlight();
  #timer: NodeJS.Timeout | undefined;
  #deadline: Deadline | undefined;
  #mirrors: Mirrors | undefined;
  #over = false;
  /** All of the request has come through the filters. */
  #done = false;
  /** The body is longer than what may be kept. */
  #abandoned = false;
  method = '';
  authority = '';
  path = '';
  upgrade = '';

  constructor(stream: HttpStream) {
    this.#stream = stream;
    this.flow = new Flow(stream);
  }

  get scheme(): string {
    return this.#stream.scheme;
  }

  get headers(): HeaderList {
    return this.#stream.requestHeaders;
  }

  start(end: boolean): void {
    this.#done = end;
    const compiled = forwardingRoute(this.#stream);
    if (compiled !== undefined) this.#forward(compiled, compiled.action, end);
  }

  data(chunk: Buffer, end: boolean): void {
    if (this.#over) return;
    const body = this.#body;
    if (body === undefined) return;
    this.#done = end;
    const attempt = this.#tries.newest;
    const writer = attempt?.sent === true ? attempt.writer : undefined;
    this.#mirrors?.data(chunk, end);
    body.add(chunk, end, writer !== undefined);
    if (body.tooLong && !this.#abandoned) {
      // What cannot be kept cannot be sent again.
      this.#abandoned = true;
      this.#retry?.release();
      this.#retry = undefined;
      if (this.#cluster !== undefined) this.#cluster.stats.scope.counter('retry_or_shadow_abandoned').value++;
    }
    if (writer !== undefined && !writer.data(chunk, end)) this.flow.stopRequest();
    else if (writer === undefined && body.waiting > this.#limit) this.flow.stopRequest();
    if (end) this.#onRequestDone();
  }

  trailers(trailers: HeaderList): void {
    if (this.#over || this.#body === undefined) return;
    this.#done = true;
    this.#body.end(trailers);
    this.#mirrors?.trailers(trailers);
    const attempt = this.#tries.newest;
    if (attempt?.sent === true) attempt.writer?.trailers(trailers);
    this.#onRequestDone();
  }

  /** Somebody else answers, or nobody listens any more. */
  cancel(): void {
    this.#stop();
    this.#mirrors?.cancel();
  }

  onStreamEnd(): void {
    this.#stop();
  }

  onClientBlocked(): void {
    this.flow.stopResponse(this.#tries.newest?.writer);
  }

  onClientWritable(): void {
    this.flow.resumeResponse(this.#tries.newest?.writer);
  }

  /** A filter holds more of the response than it should, or no longer does. */
  onHeld(tooMuch: boolean): void {
    if (tooMuch) this.onClientBlocked();
    else this.onClientWritable();
  }

  get #limit(): number {
    return this.#stream.info.connection.listener.bufferLimit;
  }

  #forward(compiled: CompiledRoute, action: ForwardAction, end: boolean): void {
    const stream = this.#stream;
    const { forwarding } = action;
    const prepared = prepareRequest(stream, compiled, action);
    if (prepared === undefined) return;
    this.#action = action;
    this.#cluster = prepared.cluster;
    this.#tally = prepared.tally;
    this.#edits = prepared.edits;
    this.#timeouts = prepared.timeouts;
    this.#context = prepared.context;
    this.#retry = prepared.retry;
    this.method = stream.method;
    this.upgrade = stream.upgrade;
    this.authority = prepared.target.authority;
    this.path = prepared.target.path;
    const keeps = this.#retry !== undefined || forwarding.redirects !== undefined;
    if (!end) this.#body = new RequestBody(keeps, this.#limit);
    if (forwarding.mirrors.length > 0) this.#mirrors = Mirrors.of(forwarding.mirrors, stream, this, end);
    this.#attempt();
    if (end) this.#onRequestDone();
  }

  // === tries ===

  #attempt(): void {
    const stream = this.#stream;
    const cluster = this.#cluster;
    const context = this.#context;
    const forwarding = this.#action?.forwarding;
    if (cluster === undefined || context === undefined || forwarding === undefined) return;
    const { info } = stream;
    info.upstreamAttempts++;
    const host = cluster.choose(context);
    if (host === undefined) {
      cluster.stats.scope.counter('upstream_cx_none_healthy').value++;
      info.flag('UH');
      this.#answer(503, 'no healthy upstream', 'no_healthy_upstream');
      return;
    }
    info.upstreamHost = host;
    const owner = cluster.owner?.(host) ?? cluster;
    const attempt = new UpstreamTry(owner, host, owner.breaker(forwarding.priority).requests, this);
    this.#tries.newest = attempt;
    attempt.span = stream.span?.beginTry(cluster, host);
    if (stream.compiled?.route.namesEndpoint === true) {
      this.authority = host.hostname === '' ? this.#stream.authority : host.hostname;
      info.authority = this.authority;
    }
    const client = connectOptions(info.connection, this.authority);
    askEndpoint(attempt, forwarding, this.method, info.protocol, client);
    if (this.#done) this.#limitTry(attempt);
  }

  #limitTry(attempt: UpstreamTry): void {
    if (attempt.over || attempt.started) return;
    attempt.limit(this.#timeouts?.perTry ?? 0, this.#retry?.policy.perTryIdleTimeout ?? 0);
  }

  onTryReady(attempt: UpstreamTry, writer: RequestWriter): void {
    const { info } = this.#stream;
    attempt.sent = true;
    this.#tally?.sent();
    info.sentOver(writer);
    info.times.upstreamFirstSent = turnTime();
    writeRequest(writer, this, this.#body?.replay(), this.#done);
    if (this.#done) info.times.upstreamLastSent = info.times.upstreamFirstSent;
    this.flow.resumeRequest();
  }

  onTryInformation(_attempt: UpstreamTry, status: number, headers: HeaderList): void {
    this.#stream.inform(status, headers);
  }

  onTryHead(attempt: UpstreamTry, status: number, headers: HeaderList, end: boolean): void {
    const stream = this.#stream;
    const { info } = stream;
    const { cluster, host } = attempt;
    const now = turnTime();
    info.times.upstreamFirstReceived = now;
    cluster.report(host, { kind: 'status', status });
    let isUnwanted = false;
    if (attempt.hedged) isUnwanted = this.#retry?.isUnwanted(status, headers) ?? false;
    else if (this.#retry !== undefined) {
      const verdict = this.#retry.onHead(status, headers);
      if (verdict === 'again') {
        this.#tally?.answeredInVain(status);
        countTry(attempt, status);
        attempt.abandon();
        this.#again(attempt, headers);
        return;
      }
      noteVerdict(this.#stream.info, verdict);
      isUnwanted = verdict !== 'no';
    }
    if (this.#follows(attempt, status, headers)) return;
    if (isUnwanted && (this.#timer !== undefined || this.#tries.hasOther(attempt))) {
      host.stats.rqError++;
      attempt.abandon();
      return;
    }
    this.#settle(attempt);
    this.#tally?.answered(status);
    countTry(attempt, status);
    addResponseHeaders(stream, headers, now, this.#context?.cookies);
    if (stream.upgrade !== '' && stream.upgrade !== 'CONNECT' && status !== 101 && status < 300) {
      attempt.abandon();
      info.responseCode = status;
      stream.reply({ status, body: '', details: 'websocket_handshake_unsuccessful' });
      return;
    }
    info.responseCodeDetails = 'via_upstream';
    info.responseCode = status;
    info.responseHeaders = headers;
    this.#edits?.response?.(headers, info);
    if (end) this.#onResponseDone();
    stream.respond(status, headers, end);
  }

  onTryData(_attempt: UpstreamTry, chunk: Buffer, end: boolean): void {
    if (end) this.#onResponseDone();
    this.#stream.respondData(chunk, end);
  }

  onTryTrailers(_attempt: UpstreamTry, trailers: HeaderList): void {
    this.#onResponseDone();
    this.#stream.respondTrailers(trailers);
  }

  onTryReset(attempt: UpstreamTry, reason: ResetReason, details: string): void {
    const stream = this.#stream;
    const { info } = stream;
    const { cluster, host } = attempt;
    if (reason !== 'overflow' && reason !== 'connection-failure' && reason !== 'connection-timeout') {
      cluster.report(host, { kind: 'local', what: 'reset' });
    }
    if (attempt.started) {
      if (stream.responseStarted) {
        stream.abort(reason, resetFlag(reason), resetDetails(reason, details, true));
        this.#stop();
        return;
      }
    } else if (this.#retry !== undefined && !attempt.hedged) {
      const verdict = this.#retry.onReset(reason, attempt.sent);
      if (verdict === 'again') {
        countTry(attempt, 503);
        this.#again(attempt, undefined);
        return;
      }
      noteVerdict(this.#stream.info, verdict);
    }
    const status = reason === 'protocol-error' ? 502 : 503;
    if (reason !== 'overflow') countTry(attempt, 503);
    if (this.#timer !== undefined || this.#tries.hasOther(attempt)) {
      this.#tally?.answered(status);
      return;
    }
    info.flag(resetFlag(reason));
    if (reason !== 'overflow') info.upstreamTransportFailureReason = details;
    this.#answer(
      status,
      resetBody(reason, info.upstreamAttempts > 1),
      resetDetails(reason, details, false),
      reason === 'overflow',
    );
  }

  onTryTimeout(attempt: UpstreamTry, idle: boolean): void {
    const { cluster, host } = attempt;
    const { info } = this.#stream;
    cluster.report(host, { kind: 'local', what: 'timeout' });
    if (this.#timeouts?.hedges === true) {
      this.#hedge(attempt);
      return;
    }
    if (this.#cluster !== undefined) this.#cluster.stats.rqPerTryTimeout.value++;
    host.stats.rqTimeout++;
    const { sent } = attempt;
    attempt.abandon();
    const verdict = this.#retry?.onReset('local-reset', sent) ?? 'no';
    if (verdict === 'again') {
      this.#again(attempt, undefined);
      return;
    }
    noteVerdict(this.#stream.info, verdict);
    info.flag('UT');
    this.#answer(
      504,
      'upstream request timeout',
      idle ? 'upstream_per_try_idle_timeout' : 'upstream_per_try_timeout',
    );
  }

  onTryWritable(): void {
    this.flow.resumeRequest();
  }

  /** The whole time for an answer, up to its last byte, is over. */
  onDeadline(): void {
    const stream = this.#stream;
    const cluster = this.#cluster;
    if (this.#over || cluster === undefined) return;
    for (const attempt of this.#tries.all) {
      cluster.stats.rqTimeout.value++;
      attempt.host.stats.rqTimeout++;
      // The status of an answer that has begun is counted already, and that a try took too long is known of one that has been.
      if (!attempt.started) {
        this.#tally?.timedOut();
        if (!attempt.hedged) cluster.report(attempt.host, { kind: 'local', what: 'timeout' });
        this.#tally?.answered(504);
      }
      attempt.abandon();
    }
    stream.info.flag('UT');
    this.#giveUp(504, 'upstream request timeout', 'response_timeout');
  }

  /** The try goes on, and another one is made beside it. */
  #hedge(attempt: UpstreamTry): void {
    const verdict = this.#retry?.onHedge() ?? 'no';
    if (verdict !== 'again') {
      noteVerdict(this.#stream.info, verdict);
      return;
    }
    this.#tries.hedge(attempt);
    this.#again(attempt, undefined);
  }

  /** The answer to this try is the one that the client gets. */
  #settle(attempt: UpstreamTry): void {
    if (!this.#tries.settle(attempt)) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { info } = this.#stream;
    info.upstreamHost = attempt.host;
    if (attempt.writer !== undefined) info.sentOver(attempt.writer);
  }

  /** An endpoint's redirect is followed where the route says so. */
  #follows(attempt: UpstreamTry, status: number, headers: HeaderList): boolean {
    const policy = this.#action?.forwarding.redirects;
    if (policy === undefined || !policy.statuses.has(status)) return false;
    const mayFollow = this.#done && !this.#abandoned;
    const asked = followed(
      this.#stream,
      this.#cluster ?? attempt.cluster,
      policy,
      this,
      status,
      headers,
      mayFollow,
    );
    if (asked === undefined) return false;
    const body = asked.keepsBody ? (this.#body?.replay().chunks ?? []) : [];
    attempt.abandon();
    this.#stop();
    this.#stream.redirect(asked, status, headers, body);
    return true;
  }

  #again(attempt: UpstreamTry, headers: HeaderList | undefined): void {
    const retry = this.#retry;
    if (retry === undefined) return;
    this.#tries.leave(attempt);
    this.#context?.onTried(attempt.host, retry.policy);
    const delay = retry.delay(headers, this.#stream.manager.context.random());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#over) return;
      if (this.#timeouts !== undefined) announceAgain(this.#stream, this.#timeouts);
      this.#attempt();
    }, delay);
  }

  #onRequestDone(): void {
    const timeouts = this.#timeouts;
    if (timeouts === undefined || this.#over) return;
    const { times } = this.#stream.info;
    if (this.#tries.newest?.sent === true) {
      times.upstreamLastSent = Math.max(times.requestEnd, times.upstreamFirstSent);
    }
    if (timeouts.response > 0 && this.#deadline === undefined) {
      this.#deadline = new Deadline(this);
      deadlinesOf(timeouts.response).start(this.#deadline, times.requestEnd);
    }
    if (this.#tries.newest !== undefined) this.#limitTry(this.#tries.newest);
  }

  #onResponseDone(): void {
    const { times } = this.#stream.info;
    const now = turnTime();
    times.upstreamLastReceived = now;
    this.#deadline?.cancel();
    const time = now - times.start;
    this.#tally?.took(time);
  }

  /** An answer of the proxy's own in place of the destination's. */
  #answer(status: number, body: string, details: string, overloaded = false): void {
    this.#tally?.answered(status);
    this.#giveUp(status, body, details, overloaded);
  }

  #giveUp(status: number, body: string, details: string, overloaded = false): void {
    const shows = overloaded && !this.#stream.manager.router.suppressHeaders;
    this.#stop();
    this.#stream.reply({ status, body, details, headers: shows ? [['x-envoy-overloaded', 'true']] : [] });
  }

  #stop(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#deadline?.cancel();
    this.#retry?.release();
    this.#tries.abandon();
  }
}
