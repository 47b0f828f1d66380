/** Many proxies that come, go and come back while the mesh changes. */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { DiscoveryMetrics } from '../../../src/controller/discovery/metrics.ts';
import { DELTA } from '../../../src/controller/discovery/protocol.ts';
import { DiscoveryServer } from '../../../src/controller/discovery/server.ts';
import type { ProxyStream } from '../../../src/controller/discovery/stream.ts';
import { Log } from '../../../src/base/log.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, type ProxyResources } from '../../../src/xds/resource.ts';
import { node } from './client.ts';

const PROXIES = 200;
const ROUNDS = 400;
const SERVICES = 30;

/** Numbers from 0 to below 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A mesh in which each service is there or not, and its parts are of one version or another. */
function randomMesh(random: () => number): ProxyResources {
  const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`).filter(
    () => random() < 0.8,
  );
  const version = (): string => String(Math.floor(random() * 3));
  return {
    clusters: names.map((name) => ({
      typeUrl: CLUSTER_TYPE,
      name,
      message: create(ClusterSchema, { name, altStatName: version() }),
    })),
    endpoints: names.map((name) => ({
      typeUrl: ENDPOINT_TYPE,
      name,
      message: create(ClusterLoadAssignmentSchema, {
        clusterName: name,
        endpoints: [{ priority: Number(version()) }],
      }),
    })),
    listeners: [],
    routes: [],
    extensions: [],
  };
}

/** A proxy that keeps what it has over its connections, and takes up where it was. */
class Proxy {
  readonly has = new Map<string, Map<string, string>>(
    [CLUSTER_TYPE, ENDPOINT_TYPE].map((type) => [type, new Map()]),
  );
  readonly #server: DiscoveryServer;
  #stream: ProxyStream | undefined;

  constructor(server: DiscoveryServer) {
    this.#server = server;
  }

  get isConnected(): boolean {
    return this.#stream !== undefined;
  }

  connect(): void {
    const stream = this.#server.open('chaos', DELTA, {
      write: (pieces, done) => {
        // What is on its way when the connection ends is lost.
        setImmediate(() => {
          if (this.#stream === stream) this.#take(Buffer.concat(pieces));
          done();
        });
      },
      refuse: (_reason, message) => {
        throw new Error(message);
      },
    });
    this.#stream = stream;
    this.#send({
      node: node(),
      typeUrl: CLUSTER_TYPE,
      initialResourceVersions: this.#versions(CLUSTER_TYPE),
    });
    this.#send({
      typeUrl: ENDPOINT_TYPE,
      initialResourceVersions: this.#versions(ENDPOINT_TYPE),
      resourceNamesSubscribe: Object.keys(this.#versions(CLUSTER_TYPE)),
    });
  }

  drop(): void {
    if (this.#stream === undefined) return;
    this.#server.ended(this.#stream);
    this.#stream = undefined;
  }

  #versions(type: string): Record<string, string> {
    return Object.fromEntries(this.has.get(type) ?? []);
  }

  #send(init: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): void {
    const bytes = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init));
    this.#stream?.receive(Buffer.from(bytes));
  }

  #take(bytes: Uint8Array): void {
    const { typeUrl, nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    const held = this.has.get(typeUrl);
    for (const { name, version } of resources) {
      // What comes after its cluster has gone is of no use.
      if (typeUrl === CLUSTER_TYPE || this.has.get(CLUSTER_TYPE)?.has(name)) held?.set(name, version);
    }
    for (const name of removedResources) held?.delete(name);
    this.#send({ typeUrl, responseNonce: nonce });
    if (typeUrl !== CLUSTER_TYPE) return;
    // As Envoy does: endpoints are wanted of the clusters that there are.
    for (const name of removedResources) this.has.get(ENDPOINT_TYPE)?.delete(name);
    this.#send({
      typeUrl: ENDPOINT_TYPE,
      resourceNamesSubscribe: resources.map(({ name }) => name),
      resourceNamesUnsubscribe: removedResources,
    });
  }
}

test(
  'proxies that come and go while the mesh changes end in the state of a cold start',
  { timeout: 60_000 },
  async () => {
    const random = seeded(6);
    const server = new DiscoveryServer({
      versionPrefix: 'chaos',
      maxBytesInFlight: 10_000,
      log: new Log('error', () => {}),
      metrics: new DiscoveryMetrics(),
      now: () => 0,
    });
    const change = (): void => {
      const mesh = randomMesh(random);
      server.update(() => mesh);
    };
    const settled = async (): Promise<void> => {
      while (![...server.streams].every(({ isInSync }) => isInSync)) await turn();
    };
    change();
    const proxies = Array.from({ length: PROXIES }, () => new Proxy(server));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const proxy of proxies) {
        if (random() < 0.05) {
          if (proxy.isConnected) proxy.drop();
          else proxy.connect();
        }
      }
      if (random() < 0.2) change();
      await turn();
    }
    for (const proxy of proxies) if (!proxy.isConnected) proxy.connect();
    await settled();
    const cold = new Proxy(server);
    cold.connect();
    await settled();
    expect(cold.has.get(ENDPOINT_TYPE)?.size).toBeGreaterThan(SERVICES / 2);
    const other = proxies.filter(({ has }) => !isDeepStrictEqual(has, cold.has));
    expect(other.map(({ has }) => has)).toEqual([]);
  },
);
