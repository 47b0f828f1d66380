/** The engine's administration, which both engines have in Envoy's form: statistics, readiness, draining. */

import { request } from 'node:http';
import { MeshError } from '../../base/mesh-error.ts';
import type { DrainOptions, Readiness } from './engine.ts';

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds that the whole may take. */
  readonly timeout?: number;
  readonly maxBytes?: number;
}

const TIMEOUT = 2_000;
const MAX_BYTES = 64 << 20;

/** Asks over HTTP and takes in the whole answer. Throws a `MeshError` when there is none in time, or too long a one. */
export function askHttp(address: AdminAddress, path: string, options: AskOptions = {}): Promise<AdminAnswer> {
  const { method = 'GET', body, headers = {}, timeout = TIMEOUT, maxBytes = MAX_BYTES } = options;
  const where = `http://${address.host}:${address.port}${path}`;
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      reject(new MeshError('NoAnswer', `${where} does not answer: ${reason}`));
      call.destroy();
    };
    const call = request(
      { ...address, path, method, headers, agent: false, signal: AbortSignal.timeout(timeout) },
      (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > maxBytes) fail(`the answer is longer than ${maxBytes} bytes`);
          else parts.push(part);
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(parts),
          }),
        );
        response.on('error', (error) => fail(error.message));
        response.on('aborted', () => fail('the connection was closed'));
      },
    );
    call.on('error', (error) =>
      fail(error.name === 'AbortError' ? `not within ${timeout} ms` : error.message),
    );
    call.end(body);
  });
}

/** Statistics whose names match, by name. Throws as `askHttp` does. */
async function statistics(address: AdminAddress, filter: string): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await askHttp(address, `/stats?usedonly&filter=${encodeURIComponent(filter)}`);
  if (status !== 200) throw new MeshError('NoAnswer', `the proxy's statistics answer with status ${status}`);
  const found = new Map<string, number>();
  for (const line of body.toString('utf8').split('\n')) {
    const colon = line.lastIndexOf(': ');
    const value = Number(line.slice(colon + 2));
    if (colon > 0 && Number.isFinite(value)) found.set(line.slice(0, colon), value);
  }
  return found;
}

/** Whether anybody answers at all, well or not. */
export async function askAnswers(address: AdminAddress): Promise<boolean> {
  try {
    return (await askHttp(address, '/ready')).status > 0;
  } catch {
    return false;
  }
}

const READY_STATS =
  '^(server.state|listener_manager.workers_started|(cluster_manager.cds|listener_manager.lds).update_(success|rejected))$';

/** As Istio's agent judges it: clusters and listeners were taken once, and connections are being handled. */
export async function askReadiness(address: AdminAddress): Promise<Readiness> {
  let stats: ReadonlyMap<string, number>;
  try {
    stats = await statistics(address, READY_STATS);
  } catch (error) {
    return { isReady: false, reason: (error as Error).message };
  }
  const value = (name: string): number => stats.get(name) ?? 0;
  for (const [what, name] of [
    ['clusters', 'cluster_manager.cds'],
    ['listeners', 'listener_manager.lds'],
  ] as const) {
    if (value(`${name}.update_success`) > 0) continue;
    const refused = value(`${name}.update_rejected`);
    const reason =
      refused > 0 ? `the proxy refused its ${what}, ${refused} times` : `the proxy has no ${what} yet`;
    return { isReady: false, reason };
  }
  if (value('listener_manager.workers_started') !== 1) {
    return { isReady: false, reason: 'the proxy does not handle connections yet' };
  }
  const state = value('server.state');
  return state === 0
    ? { isReady: true }
    : { isReady: false, reason: `the proxy is in state ${state}, not live` };
}

/** Does not end the engine: the agent does, when it is time. */
export async function askToDrain(address: AdminAddress, { inboundOnly }: DrainOptions): Promise<void> {
  const path = `/drain_listeners?${inboundOnly ? 'inboundonly&' : ''}graceful&skip_exit`;
  const { status } = await askHttp(address, path, { method: 'POST' });
  if (status !== 200) throw new MeshError('NoAnswer', `the proxy answers ${path} with status ${status}`);
}

/**
 * Connections to listeners for traffic; the proxy's own, on `ownPorts`, and its internal ones do not count.
 * Undefined when there are no such statistics.
 */
export async function askConnections(
  address: AdminAddress,
  ownPorts: readonly number[],
): Promise<number | undefined> {
  const stats = await statistics(address, '^listener\\..*downstream_cx_active$');
  const counted = [...stats].filter(
    ([name]) =>
      !name.includes('.worker_') &&
      !name.startsWith('listener.admin.') &&
      !name.startsWith('listener.envoy_internal_') &&
      !ownPorts.some((port) => name.endsWith(`_${port}.downstream_cx_active`)),
  );
  return stats.size === 0 ? undefined : counted.reduce((sum, [, value]) => sum + value, 0);
}
