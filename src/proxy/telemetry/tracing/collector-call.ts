/** One call to a collector, over a connection of one of our clusters. */

import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { Cluster, Clusters, LoadBalancerContext } from '../../upstream/types.ts';

export interface CollectorCall {
  readonly cluster: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** gRPC goes over HTTP/2 whatever the cluster says. */
  readonly grpc: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** `dropped`: there is nobody to ask, or nothing came back. */
export type CallOutcome = 'sent' | 'failed' | 'dropped' | 'no-cluster';

const NO_WISHES: LoadBalancerContext = {
  hash: () => undefined,
  metadataMatch: undefined,
  originalDestination: undefined,
};

/** Never rejects. */
export async function callCollector(clusters: Clusters, call: CollectorCall): Promise<CallOutcome> {
  const cluster = clusters.get(call.cluster);
  if (cluster === undefined) return 'no-cluster';
  const speaksHttp2 = call.grpc || cluster.settings.protocol === 'http2';
  try {
    return await (speaksHttp2 ? overHttp2(cluster, call) : overHttp1(cluster, call));
  } catch {
    return 'dropped';
  }
}

function overHttp1(cluster: Cluster, call: CollectorCall): Promise<CallOutcome> {
  const host = cluster.choose(NO_WISHES);
  if (host === undefined) return Promise.resolve('dropped');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        method: 'POST',
        path: call.path,
        headers: ['host', call.authority, ...call.headers.flat(), 'content-length', String(call.body.length)],
        createConnection: () => cluster.connect(host, { alpn: [] }),
        timeout: call.timeout,
      },
      (response) => {
        response.resume().on('error', reject);
        resolve(response.statusCode !== undefined && response.statusCode < 300 ? 'sent' : 'failed');
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}

function overHttp2(cluster: Cluster, call: CollectorCall): Promise<CallOutcome> {
  const host = cluster.choose(NO_WISHES);
  if (host === undefined) return Promise.resolve('dropped');
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${call.authority}`, {
      createConnection: () => cluster.connect(host, { alpn: ['h2'] }),
    });
    const stream = session.request({
      ':method': 'POST',
      ':path': call.path,
      ':authority': call.authority,
      ...Object.fromEntries(call.headers),
      ...(call.grpc ? { te: 'trailers' } : {}),
    });
    let status = 0;
    let grpcStatus: string | undefined;
    const fail = (error: Error) => {
      session.destroy();
      reject(error);
    };
    stream.setTimeout(call.timeout, () => fail(new Error('timed out')));
    session.on('error', fail);
    stream.on('error', fail);
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
      grpcStatus = textOf(headers['grpc-status']);
    });
    stream.on('trailers', (headers) => (grpcStatus = textOf(headers['grpc-status']) ?? grpcStatus));
    stream.on('close', () => {
      session.close();
      const isGood = status > 0 && status < 300 && (!call.grpc || grpcStatus === '0');
      resolve(isGood ? 'sent' : 'failed');
    });
    stream.resume();
    stream.end(call.body);
  });
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
