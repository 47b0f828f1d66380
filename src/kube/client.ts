/** Requests to a Kubernetes API server: one answer, a change, or the lines of a watch. */

import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import type { Access } from './access.ts';
import { ApiFailure, failureOf } from './failure.ts';

/** Bytes that one answer, or one line of a watch, may have: far beyond a page of the greatest objects. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Milliseconds that the server may be silent while it owes an answer. */
const SILENCE_LIMIT = 60_000;

/** Milliseconds after which the operating system asks whether the other side is still there. */
const KEEP_ALIVE = 30_000;

const JSON_TYPE = 'application/json';

/** How a command or a controller asks. */
export interface ClientOptions {
  /** What the server's logs call this program. */
  readonly userAgent?: string;
  /** Milliseconds that the server may be silent; a minute unless said otherwise. */
  readonly silenceLimit?: number;
}

export interface RequestSettings {
  readonly signal: AbortSignal;
  readonly accept?: string;
  /** Milliseconds that the server may be silent, if not as long as usual. */
  readonly silenceLimit?: number;
}

/** What changes something: the body and its type, or none to delete. */
export interface WriteSettings extends RequestSettings {
  readonly body?: unknown;
  /** `application/json` unless said otherwise. */
  readonly contentType?: string;
}

/** What an answer holds. */
export type Answer = Readonly<Record<string, unknown>>;

export class KubeClient {
  readonly #access: Access;
  readonly #options: Required<ClientOptions>;
  #requests = 0;

  constructor(access: Access, options: ClientOptions = {}) {
    this.#access = access;
    this.#options = { userAgent: 'mesh-controller', silenceLimit: SILENCE_LIMIT, ...options };
  }

  /** How much has been asked so far. */
  get requests(): number {
    return this.#requests;
  }

  /** How the server is reached, for streams of other kinds. */
  get access(): Access {
    return this.#access;
  }

  /** The address of something on the server, as people can ask for it. */
  url(path: string): string {
    return `${this.#access.server}${path}`;
  }

  /** The JSON object at a path. Throws an `ApiFailure` for everything else. */
  async get(path: string, settings: RequestSettings): Promise<Answer> {
    return this.#json('GET', path, settings);
  }

  /** Sends a change. Returns what the server makes of it. Throws an `ApiFailure` when it is refused. */
  async write(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    settings: WriteSettings,
  ): Promise<Answer> {
    return this.#json(method, path, settings);
  }

  /** A text such as a log, or a page that the server passes on. Throws an `ApiFailure` when it is refused. */
  async text(path: string, settings: RequestSettings): Promise<string> {
    return readAll(await this.#open('GET', path, { accept: '*/*', ...settings }));
  }

  async #json(method: string, path: string, settings: WriteSettings): Promise<Answer> {
    const response = await this.#open(method, path, settings);
    const value = parse(await readAll(response), response.statusCode);
    if (typeof value === 'object' && value !== null) return value as Answer;
    throw new ApiFailure(
      response.statusCode,
      'the answer is no JSON object; is this a Kubernetes API server?',
    );
  }

  /**
   * Opens a watch. Its JSON values come in groups that arrived together, until the server ends it. Throws an
   * `ApiFailure` when the server does not open it, and later when it breaks off.
   */
  async watch(path: string, settings: RequestSettings): Promise<AsyncIterable<readonly unknown[]>> {
    return jsonLines(await this.#open('GET', path, settings));
  }

  async #open(method: string, path: string, settings: WriteSettings): Promise<IncomingMessage> {
    const { signal, accept = JSON_TYPE, silenceLimit = this.#options.silenceLimit, contentType } = settings;
    const body = settings.body === undefined ? undefined : Buffer.from(JSON.stringify(settings.body));
    const headers = {
      accept,
      'user-agent': this.#options.userAgent,
      ...(body === undefined
        ? {}
        : { 'content-type': contentType ?? JSON_TYPE, 'content-length': String(body.length) }),
    };
    const response = await this.#send(path, { method, headers, signal }, body, silenceLimit);
    const { statusCode = 0, headers: answered } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    const seconds = Number(answered['retry-after']);
    const told = parseLeniently(await readAll(response));
    throw failureOf(statusCode, told, Number.isFinite(seconds) && seconds > 0 ? seconds : undefined);
  }

  async #send(
    path: string,
    options: RequestOptions,
    body: Buffer | undefined,
    silenceLimit: number,
  ): Promise<IncomingMessage> {
    try {
      this.#requests++;
      await this.#access.apply(options);
      return await new Promise<IncomingMessage>((resolve, reject) => {
        const url = this.url(path);
        const send = url.startsWith('http:') ? plainRequest : secureRequest;
        const call = send(url, options, resolve);
        call.on('error', reject);
        call.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE));
        call.setTimeout(silenceLimit, () =>
          call.destroy(new Error(`no answer for ${silenceLimit / 1000} s`)),
        );
        call.end(body);
      });
    } catch (error) {
      throw asFailure(error);
    }
  }
}

async function* jsonLines(response: IncomingMessage): AsyncGenerator<readonly unknown[], void, void> {
  let rest = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_ANSWER_BYTES) throw new ApiFailure(undefined, 'an event of a watch does not end');
      const values = lines.filter((line) => line !== '').map((line) => parse(line, 200));
      if (values.length > 0) yield values;
    }
  } catch (error) {
    throw asFailure(error);
  } finally {
    response.destroy();
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MAX_ANSWER_BYTES) throw new ApiFailure(undefined, 'the answer is too large');
      parts.push(part);
    }
  } catch (error) {
    throw asFailure(error);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string, status: number | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiFailure(status, 'the answer is not JSON; is this a Kubernetes API server?', {
      cause: error,
    });
  }
}

/** Those who stand between answer in their own words. */
function parseLeniently(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.trim().slice(0, 200) };
  }
}

function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  // Several addresses were tried: their errors say more than the sum.
  const { errors } = error as { errors?: readonly unknown[] };
  const first = errors?.[0] ?? error;
  return new ApiFailure(undefined, first instanceof Error ? first.message : String(first), { cause: error });
}
