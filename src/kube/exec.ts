/**
 * Commands inside a container of a pod, through the API server, over a WebSocket: channel 1 is the command's standard
 * output, 2 its standard error, and 3 says at last, as a `Status` object, how it ended.
 * https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/remotecommand/websocket.go
 */

import type { RawData, WebSocket } from 'ws';
import { fieldsOf } from '../base/fields-of.ts';
import type { KubeClient } from './client.ts';
import { ApiFailure, PodFailure } from './failure.ts';
import { openSocket, podPath } from './pod-socket.ts';

export interface PodCommand {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The program and its arguments; no shell reads them. */
  readonly argv: readonly string[];
}

export interface ExecSettings {
  /** Gives up; the command inside may go on until it writes. */
  readonly signal: AbortSignal;
  /** Bytes of standard output that are taken; of standard error it is always 64 KiB, and the rest is left out. */
  readonly maxBytes?: number;
}

/** What a command that has run to its end has left. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The newer differs in how standard input ends, which these commands have none of. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

/** Bytes of standard output unless said otherwise: beyond the dumps of the largest gateways. */
const MAX_STDOUT = 512 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;
const MAX_STATUS = 64 * 1024;

/**
 * Runs the command, and waits for its end, whatever its exit code. Throws an `ApiFailure` when the API server refuses,
 * the command cannot be started, writes too much or is cut off, and the signal's reason when that gives up.
 */
export async function execInPod(
  client: KubeClient,
  { namespace, pod, container, argv }: PodCommand,
  { signal, maxBytes = MAX_STDOUT }: ExecSettings,
): Promise<ExecResult> {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  for (const word of argv) query.append('command', word);
  const path = `${podPath({ namespace, pod }, 'exec')}?${query}`;
  // In an object, since what is awaited would be the result itself.
  const { result } = await openSocket(client, { path, protocols: PROTOCOLS, signal }, (socket) => {
    const running = collect(socket, signal, maxBytes);
    running.catch(() => undefined);
    return { result: running };
  });
  return result;
}

async function collect(socket: WebSocket, signal: AbortSignal, maxBytes: number): Promise<ExecResult> {
  const stdout = new Channel(maxBytes);
  const stderr = new Channel(MAX_STDERR);
  const status = new Channel(MAX_STATUS);
  const channels = new Map([
    [STDOUT, stdout],
    [STDERR, stderr],
    [STATUS, status],
  ]);
  const stopped = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: stopped.signal });
      socket.on('message', (data: RawData) => {
        const message = data as Buffer;
        const channel = channels.get(message[0] ?? STATUS);
        const isKept = channel?.add(message.subarray(1)) ?? true;
        if (!isKept && channel === stdout) {
          reject(new PodFailure(`the command writes more than ${maxBytes} bytes`));
        }
      });
      socket.on('error', (error) => reject(new ApiFailure(undefined, error.message, { cause: error })));
      socket.once('close', () => resolve());
    });
  } finally {
    stopped.abort();
    socket.terminate();
  }
  const words = stderr.bytes().toString('utf8');
  return { exitCode: exitCodeOf(status.bytes(), words), stdout: stdout.bytes(), stderr: words };
}

/** Bytes of one channel, up to a limit. */
class Channel {
  readonly #parts: Buffer[] = [];
  readonly #limit: number;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false when they are more than there is room for; what there is room for is kept. */
  add(bytes: Buffer): boolean {
    const room = this.#limit - this.#size;
    const kept = bytes.subarray(0, room);
    this.#parts.push(kept);
    this.#size += kept.length;
    return bytes.length <= room;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** The kubelet's words for how the command ended. Throws where it did not end, or never began. */
function exitCodeOf(bytes: Buffer, stderr: string): number {
  if (bytes.length === 0) {
    throw new PodFailure('the connection broke off before the command had ended');
  }
  const { status, message, details } = fieldsOf(parse(bytes));
  if (status === 'Success') return 0;
  const { causes } = fieldsOf(details);
  const all = Array.isArray(causes) ? causes.map(fieldsOf) : [];
  const code = all.find(({ reason }) => reason === 'ExitCode')?.['message'];
  if (typeof code === 'string' && /^\d{1,3}$/.test(code)) return Number(code);
  const words = typeof message === 'string' ? message.trim().slice(0, 500) : 'no reason is given';
  const said = stderr.trim().slice(0, 300);
  throw new PodFailure(`the command cannot be run: ${words}${said === '' ? '' : `; it said: ${said}`}`);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
