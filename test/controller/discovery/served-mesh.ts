/** A discovery server over gRPC whose mesh a test writes down, with clients of both forms. */

import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach } from 'vitest';
import { Log } from '../../../src/base/log.ts';
import { DiscoveryListener } from '../../../src/controller/discovery/grpc.ts';
import { DiscoveryMetrics } from '../../../src/controller/discovery/metrics.ts';
import { DiscoveryServer } from '../../../src/controller/discovery/server.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  type ProxyResources,
  ROUTE_TYPE,
} from '../../../src/xds/resource.ts';
import { deltaStream, stateStream } from './client.ts';

/** A mesh as a test writes it: names, each with a text that stands for all that a resource says. */
export interface World {
  readonly clusters?: Readonly<Record<string, string>>;
  readonly endpoints?: Readonly<Record<string, number>>;
  readonly listeners?: Readonly<Record<string, string>>;
  readonly routes?: Readonly<Record<string, string>>;
}

export function resourcesOf(world: World): ProxyResources {
  const list = <Value>(values: Readonly<Record<string, Value>> = {}): [string, Value][] =>
    Object.entries(values);
  return {
    clusters: list(world.clusters).map(([name, altStatName]) => ({
      typeUrl: CLUSTER_TYPE,
      name,
      message: create(ClusterSchema, { name, altStatName }),
    })),
    endpoints: list(world.endpoints).map(([name, overprovisioningFactor]) => ({
      typeUrl: ENDPOINT_TYPE,
      name,
      message: create(ClusterLoadAssignmentSchema, {
        clusterName: name,
        policy: { overprovisioningFactor },
      }),
    })),
    listeners: list(world.listeners).map(([name, statPrefix]) => ({
      typeUrl: LISTENER_TYPE,
      name,
      message: create(ListenerSchema, { name, statPrefix }),
    })),
    routes: list(world.routes).map(([name, vhost]) => ({
      typeUrl: ROUTE_TYPE,
      name,
      message: create(RouteConfigurationSchema, { name, virtualHosts: [{ name: vhost }] }),
    })),
    extensions: [],
  };
}

/** One for each test of the file that calls this; its streams are closed in the end. */
export class ServedMesh {
  discovery!: DiscoveryServer;
  listener!: DiscoveryListener;
  /** Of the server's log. */
  lines: string[] = [];
  /** What is closed when the test ends. */
  readonly open: { close(): void }[] = [];

  constructor() {
    beforeEach(() => this.start());
    afterEach(async () => {
      for (const stream of this.open.splice(0)) stream.close();
      await this.listener.drain(100);
    });
  }

  /** Bytes that may be on their way to all proxies; milliseconds that one may take to read. */
  async start(maxBytesInFlight = 1 << 20, sendTimeout = 60_000): Promise<void> {
    this.lines = [];
    this.discovery = new DiscoveryServer({
      versionPrefix: 'test',
      maxBytesInFlight,
      log: new Log('debug', (line) => this.lines.push(line)),
      metrics: new DiscoveryMetrics(),
      now: () => 1000,
    });
    this.listener = await DiscoveryListener.start(this.discovery, {
      address: { host: '127.0.0.1', port: 0 },
      sendTimeout,
    });
  }

  /** The mesh is so from now on. */
  show(world: World): void {
    const resources = resourcesOf(world);
    this.discovery.update(() => resources);
  }

  delta(): ReturnType<typeof deltaStream> {
    return this.#opened(deltaStream(this.listener.port));
  }

  state(): ReturnType<typeof stateStream> {
    return this.#opened(stateStream(this.listener.port));
  }

  #opened<Stream extends { close(): void }>(stream: Stream): Stream {
    this.open.push(stream);
    return stream;
  }
}
