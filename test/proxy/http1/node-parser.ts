/** Node's own parser of HTTP/1.1, as the second opinion. */

import { createRequire } from 'node:module';
import type { ReadRequest } from './read-requests.ts';

interface Parser {
  [callback: number]: unknown;
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
  finish(): number | Error | undefined;
  close(): void;
}

interface ParserKind {
  new (): Parser;
  readonly REQUEST: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  readonly HTTPParser: ParserKind;
  readonly methods: readonly string[];
};

export interface NodeResult {
  readonly requests: readonly ReadRequest[];
  readonly failed: boolean;
  /** A message has begun and is not whole. */
  readonly open: boolean;
}

/** Reads requests as a server of Node would. */
export function readWithNode(bytes: Buffer): NodeResult {
  const requests: ReadRequest[] = [];
  let target = '';
  let method = '';
  let fields: string[] = [];
  let body: Buffer[] = [];
  let open = false;
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeaders] = (more: string[], url: string) => {
    fields.push(...more);
    target += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    all: string[] | undefined,
    methodIndex: number,
    url: string | undefined,
  ) => {
    open = true;
    if (all !== undefined) fields = all;
    if (url !== undefined) target = url;
    method = methods[methodIndex] ?? '';
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
    // The parser uses its buffer again.
    body.push(Buffer.from(chunk));
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    const headers: [string, string][] = [];
    for (let index = 0; index < fields.length; index += 2) {
      headers.push([(fields[index] ?? '').toLowerCase(), fields[index + 1] ?? '']);
    }
    requests.push({ method, target, body: Buffer.concat(body).toString('latin1'), headers });
    open = false;
    target = '';
    fields = [];
    body = [];
  };
  const result = bytes.length === 0 ? 0 : parser.execute(bytes);
  parser.close();
  return { requests, failed: typeof result !== 'number', open };
}
