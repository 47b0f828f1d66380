/** What a balancer may ask of a request: its hash, and which endpoints were tried before. */

import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { JsonValue } from '@bufbuild/protobuf';
import { xxHash64 } from '../../base/xxhash64.ts';
import type { SocketPlace } from '../address.ts';
import { placeText } from '../address.ts';
import { requestHeaderValues } from '../http-filters/header-edits.ts';
import { cookieValue } from '../route/cookies.ts';
import type { HashPolicy, HashSource } from '../route/hash-policies.ts';
import { queryParameter } from '../route/request.ts';
import type { Retries } from '../route/retries.ts';
import type { Host, LoadBalancerContext } from '../upstream/types.ts';
import type { HttpStream } from './stream.ts';

const MASK = 0xffff_ffff_ffff_ffffn;

export class RequestContext implements LoadBalancerContext {
  readonly #stream: HttpStream;
  readonly #policies: readonly HashPolicy[];
  readonly metadataMatch: ReadonlyMap<string, unknown> | undefined;
  /** `set-cookie` for clients that have to be given one. */
  cookies: string[] | undefined;
  #hash: bigint | undefined;
  #hashed = false;
  #retries: Retries | undefined;
  #tried: Host[] | undefined;
  attempts = 0;

  constructor(
    stream: HttpStream,
    policies: readonly HashPolicy[],
    metadataMatch: ReadonlyMap<string, unknown> | undefined,
  ) {
    this.#stream = stream;
    this.#policies = policies;
    this.metadataMatch = metadataMatch;
  }

  get originalDestination(): SocketPlace | undefined {
    const { restored, localPlace } = this.#stream.info.connection;
    return restored && localPlace.kind === 'ip' ? localPlace : undefined;
  }

  get authority(): string {
    return this.#stream.authority;
  }

  header(name: string): string | undefined {
    return this.#stream.requestHeaders.get(name);
  }

  /** A further try is made: the endpoint was not good. */
  onTried(host: Host, retries: Retries): void {
    this.#retries = retries;
    this.attempts = retries.hostAttempts;
    (this.#tried ??= []).push(host);
  }

  rejects(host: Host): boolean {
    for (const predicate of this.#retries?.hostPredicates ?? []) {
      switch (predicate.kind) {
        case 'previous':
          if (this.#tried?.includes(host) === true) return true;
          break;
        case 'canary':
          if (metadataOf(host.metadata)['canary'] === true) return true;
          break;
        case 'metadata': {
          const has = metadataOf(host.metadata);
          const wanted = Object.entries(predicate.wanted);
          if (wanted.length > 0 && wanted.every(([key, value]) => has[key] === value)) return true;
          break;
        }
      }
    }
    return false;
  }

  get triedPriorities(): readonly number[] | undefined {
    return this.triedHosts?.map(({ priority }) => priority);
  }

  get triedHosts(): readonly Host[] | undefined {
    const updates = this.#retries?.priorityUpdates;
    const tried = this.#tried;
    if (updates === undefined || tried === undefined) return undefined;
    // Those of the tries since the last update are not known to be left out yet.
    const known = updates === 0 ? tried.length : Math.floor(tried.length / updates) * updates;
    return tried.slice(0, known);
  }

  hash(): bigint | undefined {
    if (this.#hashed) return this.#hash;
    this.#hashed = true;
    let hash: bigint | undefined;
    for (const { source, terminal } of this.#policies) {
      const value = this.#hashOf(source);
      if (value !== undefined) {
        const before = hash === undefined ? 0n : ((hash << 1n) & MASK) | (hash >> 63n);
        hash = before ^ value;
      }
      if (terminal && hash !== undefined) break;
    }
    this.#hash = hash;
    return hash;
  }

  #hashOf(source: HashSource): bigint | undefined {
    const stream = this.#stream;
    switch (source.kind) {
      case 'header': {
        const values = requestHeaderValues(stream, source.name);
        if (values.length === 0) return undefined;
        return hashOfAll(values.map((value) => source.rewrite(value)).sort());
      }
      case 'cookie':
        return this.#hashOfCookie(source);
      case 'source-ip': {
        const ip = stream.info.downstreamRemoteIp;
        return ip === '' ? undefined : hashOf(ip);
      }
      case 'query': {
        const value = queryParameter(stream.path, source.name);
        return value === undefined ? undefined : hashOf(value);
      }
      case 'filter-state': {
        const value = stream.info.filterState.get(source.key);
        return value === undefined ? undefined : hashOf(value);
      }
    }
  }

  #hashOfCookie({
    name,
    ttl,
    path,
    attributes,
  }: Extract<HashSource, { kind: 'cookie' }>): bigint | undefined {
    const value = cookieValue(this.#stream.requestHeaders.getAll('cookie'), name);
    if (value !== undefined && value !== '') return hashOf(value);
    if (ttl === undefined) return undefined;
    const { remotePlace, localPlace } = this.#stream.info.connection;
    // The same for all requests of a connection, so that those on their way at once stay together.
    const made = xxHash64(placeText(remotePlace) + placeText(localPlace)).toString(16);
    const age = ttl === 0 ? '' : `; Max-Age=${ttl}`;
    const where = path === '' ? '' : `; Path=${path}`;
    (this.cookies ??= []).push(`${name}="${made}"${age}${where}${attributes}; HttpOnly`);
    return hashOf(made);
  }
}

function hashOf(text: string): bigint {
  return xxHash64(Buffer.from(text, 'latin1'));
}

function hashOfAll(values: readonly string[]): bigint {
  return hashOf(values.join(''));
}

const LB = 'envoy.lb';

function metadataOf(metadata: Metadata | undefined): Readonly<Record<string, JsonValue>> {
  return metadata?.filterMetadata[LB] ?? {};
}

const matches = new WeakMap<Metadata, ReadonlyMap<string, unknown>>();

/** The pairs that endpoints have to have: those of the route, and over them those of the destination. */
export function metadataMatch(
  route: Metadata | undefined,
  destination: Metadata | undefined,
): ReadonlyMap<string, unknown> | undefined {
  const key = destination ?? route;
  if (key === undefined) return undefined;
  let match = matches.get(key);
  if (match === undefined) {
    match = new Map(Object.entries({ ...metadataOf(route), ...metadataOf(destination) }));
    matches.set(key, match);
  }
  return match.size === 0 ? undefined : match;
}
