/**
 * Proxies of a mesh tell each other whom they serve, in headers that neither clients nor workloads see, for the metrics
 * of both. Settings are those of `envoy.filters.http.peer_metadata`, which Istio's proxy has and a stock Envoy has not.
 */

import { type JsonObject, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import {
  type Config_DiscoveryMethod as DiscoveryMethod,
  type Config_PropagationMethod as PropagationMethod,
  ConfigSchema,
} from '../../xds/proto/generated/io/istio/http/peer_metadata/config_pb.js';
import type { HeaderList } from '../http/header-list.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { Clusters } from '../upstream/types.ts';
import { type Workload, toldMetadata, workloadOfNode } from '../telemetry/istio/workload.ts';
import type { FilterKind } from './filter.ts';
import { unpack } from './settings.ts';

const METADATA = 'x-envoy-peer-metadata';
const NODE_ID = 'x-envoy-peer-metadata-id';
/** The name of the cluster for destinations that the mesh does not know. */
const PASSTHROUGH = 'PassthroughCluster';

/** Characters of a header that are looked at. What proxies tell takes some hundreds. */
const LONGEST = 16 * 1024;
/** Headers that are remembered with what they say, and peers that are told from each other. */
const MOST_HEADERS = 1_000;
const MOST_PEERS = 10_000;

/** Reads what peers tell; the same peer is the same value. */
class Peers {
  readonly #byHeader = new Map<string, Workload | undefined>();
  readonly #byKey = new Map<string, Workload>();

  /** Undefined for what says nothing. */
  read(header: string): Workload | undefined {
    if (this.#byHeader.has(header)) return this.#byHeader.get(header);
    if (header.length > LONGEST) return undefined;
    if (this.#byHeader.size >= MOST_HEADERS) this.#byHeader.clear();
    const read = this.#intern(readWorkload(header));
    this.#byHeader.set(header, read);
    return read;
  }

  /** Whoever makes peers up makes no more metrics of them than these. */
  #intern(read: Workload | undefined): Workload | undefined {
    if (read === undefined) return undefined;
    const known = this.#byKey.get(read.key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= MOST_PEERS) return undefined;
    this.#byKey.set(read.key, read);
    return read;
  }
}

function readWorkload(header: string): Workload | undefined {
  try {
    const struct = fromBinary(StructSchema, Buffer.from(header, 'base64'));
    const read = workloadOfNode(toJson(StructSchema, struct) as JsonObject);
    return /^;*$/.test(read.key) ? undefined : read;
  } catch {
    return undefined;
  }
}

function writeWorkload(metadata: Readonly<Record<string, unknown>>): string {
  const struct = fromJson(StructSchema, sorted(toldMetadata(metadata)));
  return Buffer.from(toBinary(StructSchema, struct)).toString('base64');
}

/** Entries by name, so that the bytes are the same each time. */
function sorted(value: JsonObject): JsonObject {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, entry]) => [
      key,
      typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? sorted(entry) : entry,
    ]),
  );
}

/** Whether headers are looked at. A workload directory finds nobody: no bootstrap that is taken names one. */
function discovers(methods: readonly DiscoveryMethod[]): boolean {
  for (const { methodSpecifier } of methods) {
    const { case: method } = methodSpecifier;
    if (method !== 'istioHeaders' && method !== 'workloadDiscovery') {
      throw new UnsupportedError(`discovery by ${method ?? 'an unknown method'} of peer_metadata`);
    }
  }
  return methods.some(({ methodSpecifier }) => methodSpecifier.case === 'istioHeaders');
}

/** Undefined where the other side is not told. */
function propagation(methods: readonly PropagationMethod[]): { readonly skipsExternal: boolean } | undefined {
  for (const { methodSpecifier } of methods) {
    if (methodSpecifier.case === 'istioHeaders') {
      return { skipsExternal: methodSpecifier.value.skipExternalClusters };
    }
    throw new UnsupportedError('a propagation_method of peer_metadata other than istio_headers');
  }
  return undefined;
}

/** Whether what lies behind the cluster is told who asks. */
function isTold(name: string, clusters: Clusters, skipsExternal: boolean): boolean {
  if (skipsExternal && name === PASSTHROUGH) return false;
  const told = clusters.get(name)?.metadata?.filterMetadata['istio'];
  return !((skipsExternal && told?.['external'] === true) || told?.['disable_mx'] === true);
}

export const PEER_METADATA: FilterKind = {
  typeName: ConfigSchema.typeName,

  compile(name, settings, { node, clusters }) {
    const config = unpack(ConfigSchema, settings);
    if (config.additionalLabels.length > 0) throw new UnsupportedError('additional_labels of peer_metadata');
    const peers = new Peers();
    const value = writeWorkload(node.metadata);
    const hearsClient = discovers(config.downstreamDiscovery);
    const hearsEndpoint = discovers(config.upstreamDiscovery);
    const toClient = propagation(config.downstreamPropagation) !== undefined;
    const toEndpoint = propagation(config.upstreamPropagation);

    function take(headers: HeaderList): Workload | undefined {
      const header = headers.get(METADATA);
      headers.remove(NODE_ID);
      if (header === undefined) return undefined;
      headers.remove(METADATA);
      return peers.read(header);
    }

    return {
      name,
      forStream() {
        // A client that tells nothing is told nothing.
        let asksId = false;
        let asksMetadata = false;
        return {
          onRequestHeaders(stream) {
            const { requestHeaders: headers, info } = stream;
            if (hearsClient) {
              asksId = headers.has(NODE_ID);
              asksMetadata = headers.has(METADATA);
              info.downstreamPeer = take(headers);
            }
            if (toEndpoint === undefined) return 'continue';
            if (!isTold(stream.routeCluster, clusters, toEndpoint.skipsExternal)) return 'continue';
            headers.set(NODE_ID, node.id);
            headers.set(METADATA, value);
            return 'continue';
          },
          onResponseHeaders(stream, _, headers) {
            if (hearsEndpoint) stream.info.upstreamPeer = take(headers);
            if (toClient && asksId) headers.set(NODE_ID, node.id);
            if (toClient && asksMetadata) headers.set(METADATA, value);
            return 'continue';
          },
        };
      },
    };
  },
};
