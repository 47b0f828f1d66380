/** Probes of the application, which the kubelet asks the agent for because the proxy would want a certificate. */

import { connect } from 'node:net';
import { MeshError } from '../../base/mesh-error.ts';
import { isMap } from './proxy-config.ts';

/** One probe, as Kubernetes writes its action. */
export interface Prober {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number;
    readonly scheme?: string;
    readonly host?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: number };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly timeoutSeconds?: number;
}

export interface ProbeAnswer {
  readonly status: number;
  readonly text: string;
}

const ACTIONS = ['httpGet', 'tcpSocket', 'grpc'] as const;

/** Reads ISTIO_KUBE_APP_PROBERS: probes by the path under which they are asked for. Throws a `MeshError`. */
export function readProbers(text: string | undefined): ReadonlyMap<string, Prober> {
  if (text === undefined || text === '') return new Map();
  const bad = (fault: string): MeshError =>
    new MeshError('BadSetting', `the variable ISTIO_KUBE_APP_PROBERS ${fault}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(`holds no JSON: ${(error as Error).message}`);
  }
  if (!isMap(value)) throw bad('must hold a JSON object');
  return new Map(
    Object.entries(value).map(([path, prober]) => {
      const actions = isMap(prober) ? ACTIONS.filter((name) => isMap(prober[name])) : [];
      const [action] = actions;
      if (!isMap(prober) || action === undefined || actions.length !== 1) {
        throw bad(`has at ${path} no probe with one of ${ACTIONS.join(', ')}`);
      }
      const { port } = prober[action] as { port?: unknown };
      if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) {
        throw bad(`has at ${path} the port ${JSON.stringify(port)}, which is none`);
      }
      return [path, prober as Prober] as const;
    }),
  );
}

/** Does what the kubelet would; an application that fails or does not answer in time is a status of 500. */
export async function probe(prober: Prober, host: string, headers: Headers): Promise<ProbeAnswer> {
  const timeout = Math.max(1, prober.timeoutSeconds ?? 1) * 1_000;
  try {
    if (prober.httpGet !== undefined) return await probeHttp(prober.httpGet, host, timeout, headers);
    if (prober.tcpSocket !== undefined) await probeTcp(prober.tcpSocket.port, host, timeout);
    if (prober.grpc !== undefined) {
      const { probeGrpc } = await import('./grpc-probe.ts');
      await probeGrpc({ host, port: prober.grpc.port, service: prober.grpc.service ?? '', timeout });
    }
    return { status: 200, text: 'ok' };
  } catch (error) {
    return { status: 500, text: `the probe fails: ${(error as Error).message}` };
  }
}

type HttpGet = NonNullable<Prober['httpGet']>;

export type Headers = Readonly<Record<string, string | undefined>>;

async function probeHttp(get: HttpGet, host: string, timeout: number, asked: Headers): Promise<ProbeAnswer> {
  const isTls = get.scheme?.toUpperCase() === 'HTTPS';
  const { request } = isTls ? await import('node:https') : await import('node:http');
  const headers: Record<string, string> = {
    'user-agent': asked['user-agent'] ?? 'kube-probe/1.0',
    connection: 'close',
    host: get.host ?? `${host}:${get.port}`,
  };
  for (const { name, value } of get.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  const path = (get.path ?? '').startsWith('/') ? (get.path ?? '/') : `/${get.path ?? ''}`;
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host,
        port: get.port,
        path,
        headers,
        agent: false,
        signal: AbortSignal.timeout(timeout),
        // As the kubelet does: applications have certificates of their own making.
        ...(isTls ? { rejectUnauthorized: false } : {}),
      },
      (response) => {
        // The status is all that counts; a body that never ends must not hold this up.
        response.destroy();
        const status = response.statusCode ?? 500;
        resolve({ status, text: `the application answers with status ${status}` });
      },
    );
    call.on('error', reject);
    call.end();
  });
}

function probeTcp(port: number, host: string, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.setTimeout(timeout, () => end(new Error(`no connection within ${timeout} ms`)));
    socket.once('connect', () => end());
    socket.once('error', end);
  });
}
