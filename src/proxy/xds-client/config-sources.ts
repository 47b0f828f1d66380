/** Where resources come from: the one aggregated stream, a stream of their own, or files. */

import type {
  ApiConfigSource,
  ConfigSource,
} from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { ApiConfigSource_ApiType as ApiType } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { Node } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { milliseconds } from '../config-error.ts';
import type { Logger } from '../process-log.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { Clusters } from '../upstream/types.ts';
import { FileSource } from './file-source.ts';
import type { GrpcEnd } from './grpc-stream.ts';
import { OWN_METHODS, type RawResource, type Refusal, type ResourceHandler } from './resource-types.ts';
import type { TypeState } from './type-state.ts';
import { XdsClient } from './xds-client.ts';

/** Where whoever takes resources gets them from. */
export interface ResourceSources {
  /** Who takes the resources of a type, wherever they come from. */
  handle(typeUrl: string, handler: ResourceHandler): void;
  /** Throws what `subscribe` would throw, and asks for nothing. */
  check(source: ConfigSource, typeUrl: string): void;
  /** Asks for a resource, or for all when `name` is undefined, until the function that it returns is called. */
  subscribe(source: ConfigSource, typeUrl: string, name: string | undefined): () => void;
  /** All that is known of a type, from every source. */
  states(typeUrl: string): Iterable<TypeState>;
  close(): void;
}

export interface ConfigSourcesOptions {
  readonly clusters: Clusters;
  readonly node: Node;
  readonly ads: ApiConfigSource | undefined;
  readonly stats: StatsScope;
  readonly log: Logger;
  onChange?(): void;
  /** A stream ended before it brought anything. */
  onFailure?(end: GrpcEnd, client: XdsClient): void;
  /** These were taken, and those are gone. */
  onTaken?(typeUrl: string, added: readonly RawResource[], removed: readonly string[]): void;
}

/** Asks for a resource, or for all of them, until the function that it returns is called. */
type Ask = (name: string | undefined) => () => void;

/** `initial_fetch_timeout`; 0 waits for ever. */
const INITIAL_FETCH = 15_000;

export class ConfigSources implements ResourceSources {
  readonly #options: ConfigSourcesOptions;
  readonly #handlers = new Map<string, ResourceHandler>();
  readonly #files = new Map<string, { readonly source: FileSource; users: number }>();
  /** Streams for one type of resource each. */
  readonly #own = new Map<string, { readonly client: XdsClient; users: number }>();
  readonly ads: XdsClient | undefined;

  /** Throws an `UnsupportedError` for ways to the controller that are not there. */
  constructor(options: ConfigSourcesOptions) {
    this.#options = options;
    if (options.ads === undefined) return;
    const { protocol } = apiForm(options.ads);
    const name = protocol === 'delta' ? 'DeltaAggregatedResources' : 'StreamAggregatedResources';
    this.ads = this.#client(options.ads, `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`);
  }

  handle(typeUrl: string, handler: ResourceHandler): void {
    const { onTaken } = this.#options;
    const told: ResourceHandler =
      onTaken === undefined ? handler : { apply: (...news) => tellTaken(typeUrl, handler, news, onTaken) };
    this.#handlers.set(typeUrl, told);
    this.ads?.handle(typeUrl, told);
  }

  /**
   * Asks for a resource, or for all of the type when `name` is undefined, until the function that it returns is
   * called. Throws an `UnsupportedError`, and a `MeshError` for a file that is not there.
   */
  subscribe(source: ConfigSource, typeUrl: string, name: string | undefined): () => void {
    return this.#from(source, typeUrl)(name);
  }

  check(source: ConfigSource, typeUrl: string): void {
    this.#from(source, typeUrl);
  }

  /** Types with all that is known of them, of every source. */
  *states(typeUrl: string): IterableIterator<TypeState> {
    const clients = [this.ads, ...[...this.#own.values()].map(({ client }) => client)];
    for (const client of clients) {
      const state = client?.types.get(typeUrl);
      if (state !== undefined) yield state;
    }
    for (const { source } of this.#files.values()) if (source.state.typeUrl === typeUrl) yield source.state;
  }

  close(): void {
    this.ads?.close();
    for (const { client } of this.#own.values()) client.close();
    for (const { source } of this.#files.values()) source.close();
  }

  #handler(typeUrl: string): ResourceHandler {
    const handler = this.#handlers.get(typeUrl);
    if (handler === undefined) throw new UnsupportedError(`discovery of ${typeUrl}`);
    return handler;
  }

  /** Where a resource is asked for by its name. Throws what `subscribe` throws. */
  #from(source: ConfigSource, typeUrl: string): Ask {
    const from = source.configSourceSpecifier;
    switch (from.case) {
      case 'ads':
      case 'self': {
        const { ads } = this;
        if (ads === undefined) throw new UnsupportedError('ads without dynamic_resources.ads_config');
        return (name) => {
          want(ads, typeUrl, name);
          ads.start();
          return () => {
            if (name !== undefined) ads.release(typeUrl, name);
          };
        };
      }
      case 'path':
        return this.#file(from.value, undefined, typeUrl);
      case 'pathConfigSource':
        return this.#file(from.value.path, from.value.watchedDirectory?.path, typeUrl);
      case 'apiConfigSource':
        return this.#ownStream(from.value, typeUrl);
      case undefined:
        throw new UnsupportedError('a config source that names none');
    }
  }

  #file(path: string, watchedFolder: string | undefined, typeUrl: string): Ask {
    const key = `${typeUrl}\0${path}\0${watchedFolder ?? ''}`;
    const { log } = this.#options;
    const source = (): FileSource =>
      new FileSource({ path, watchedFolder, typeUrl, handler: this.#handler(typeUrl), log });
    if (!this.#files.has(key)) source().check();
    return (name) => {
      let known = this.#files.get(key);
      if (known === undefined) {
        known = { source: source(), users: 0 };
        wantFrom(known.source.state, name);
        known.source.start();
        this.#files.set(key, known);
      } else wantFrom(known.source.state, name);
      const entry = known;
      entry.users++;
      return () => {
        if (name !== undefined) entry.source.state.release(name);
        entry.users--;
        if (entry.users > 0) return;
        entry.source.close();
        this.#files.delete(key);
      };
    };
  }

  #ownStream(api: ApiConfigSource, typeUrl: string): Ask {
    const key = `${typeUrl}\0${controllerCluster(api)}\0${api.apiType}`;
    const method = OWN_METHODS[typeUrl]?.[apiForm(api).protocol];
    if (method === undefined) throw new UnsupportedError(`api_config_source for ${typeUrl}`);
    return (name) => {
      let known = this.#own.get(key);
      if (known === undefined) {
        const client = this.#client(api, method);
        client.handle(typeUrl, this.#handler(typeUrl));
        known = { client, users: 0 };
        this.#own.set(key, known);
      }
      const entry = known;
      entry.users++;
      want(entry.client, typeUrl, name);
      entry.client.start();
      return () => {
        if (name !== undefined) entry.client.release(typeUrl, name);
        entry.users--;
        if (entry.users > 0) return;
        entry.client.close();
        this.#own.delete(key);
      };
    };
  }

  #client(api: ApiConfigSource, path: string): XdsClient {
    const { clusters, node, stats, log, onChange, onFailure } = this.#options;
    const headers: Record<string, string> = {};
    for (const { key, value } of api.grpcServices[0]?.initialMetadata ?? [])
      headers[key.toLowerCase()] = value;
    const client: XdsClient = new XdsClient({
      clusters,
      clusterName: controllerCluster(api),
      method: { path, ...apiForm(api) },
      node,
      headers,
      stats: stats.scope('control_plane.'),
      log,
      onChange: () => onChange?.(),
      onFailure: (end) => onFailure?.(end, client),
    });
    return client;
  }
}

function tellTaken(
  typeUrl: string,
  handler: ResourceHandler,
  [added, removed]: Parameters<ResourceHandler['apply']>,
  onTaken: NonNullable<ConfigSourcesOptions['onTaken']>,
): readonly Refusal[] {
  const refusals = handler.apply(added, removed);
  const refused = new Set(refusals.map(({ name }) => name));
  onTaken(
    typeUrl,
    added.filter(({ name }) => !refused.has(name)),
    removed,
  );
  return refusals;
}

function want(client: XdsClient, typeUrl: string, name: string | undefined): void {
  if (name === undefined) client.wantAll(typeUrl);
  else client.want(typeUrl, name);
}

function wantFrom(state: TypeState, name: string | undefined): void {
  if (name === undefined) state.wantsAll = true;
  else state.want(name);
}

function apiForm({ apiType }: ApiConfigSource): { readonly protocol: 'delta' | 'state-of-the-world' } {
  switch (apiType) {
    case ApiType.GRPC:
    case ApiType.AGGREGATED_GRPC:
      return { protocol: 'state-of-the-world' };
    case ApiType.DELTA_GRPC:
    case ApiType.AGGREGATED_DELTA_GRPC:
      return { protocol: 'delta' };
    default:
      throw new UnsupportedError(`api_type ${ApiType[apiType] ?? apiType}`);
  }
}

/** The cluster that the controller is in. */
function controllerCluster({ grpcServices, clusterNames }: ApiConfigSource): string {
  const target = grpcServices[0]?.targetSpecifier;
  if (target?.case === 'googleGrpc') throw new UnsupportedError('grpc_services.google_grpc');
  const name = target?.value?.clusterName ?? clusterNames[0];
  if (name === undefined) throw new UnsupportedError('api_config_source without grpc_services');
  return name;
}

/** Ends the wait for resources that do not come: one timer for each name, only while it waits. */
export class InitialFetches {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  start(name: string, source: ConfigSource, onTimeout: () => void): void {
    const time = milliseconds(source.initialFetchTimeout, INITIAL_FETCH);
    if (time === 0 || this.#timers.has(name)) return;
    this.#timers.set(
      name,
      setTimeout(() => {
        this.#timers.delete(name);
        onTimeout();
      }, time),
    );
  }

  done(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** Equal for equal sources; their files and clusters are what tells them apart. */
export function sourceKey({ configSourceSpecifier: from }: ConfigSource): string {
  switch (from.case) {
    case 'path':
      return `path ${from.value}`;
    case 'pathConfigSource':
      return `path ${from.value.path} ${from.value.watchedDirectory?.path ?? ''}`;
    case 'apiConfigSource': {
      const target = from.value.grpcServices[0]?.targetSpecifier.value;
      return `api ${from.value.apiType} ${target !== undefined && 'clusterName' in target ? target.clusterName : ''}`;
    }
    default:
      return 'ads';
  }
}

export function isFile({ configSourceSpecifier: from }: ConfigSource): boolean {
  return from.case === 'path' || from.case === 'pathConfigSource';
}
