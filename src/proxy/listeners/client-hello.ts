/** Reads the first message of a TLS client without answering it: RFC 8446 4.1.2, RFC 6066 3, RFC 7301. */

export interface ClientHello {
  /** In lower case; empty without one. */
  readonly serverName: string;
  /** Protocols that the client offers, best first. */
  readonly applicationProtocols: readonly string[];
}

/** `more`: what has come may be the beginning of one. `no`: it is no TLS. */
export type ClientHelloResult = ClientHello | 'more' | 'no' | 'too-large';

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
/** As Envoy's `TLS_MAX_CLIENT_HELLO`. */
const MAX_SIZE = 64 * 1024;

/** Looks at the first bytes of a connection. Never throws. */
export function readClientHello(bytes: Buffer): ClientHelloResult {
  const message = handshakeMessage(bytes);
  if (typeof message === 'string') return message;
  try {
    return parseHello(new Reader(message));
  } catch (error) {
    if (error instanceof RangeError) return 'no';
    throw error;
  }
}

/** The handshake message, put together from its records. */
function handshakeMessage(bytes: Buffer): Buffer | 'more' | 'no' | 'too-large' {
  const parts: Buffer[] = [];
  let collected = 0;
  let wanted: number | undefined;
  for (let at = 0; ;) {
    // As Envoy: what a record is shows when its head is there, another one than of a handshake when all of it is.
    if (bytes.length - at < 5) return 'more';
    if (bytes[at + 1] !== 3) return 'no';
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > 16_384) return 'no';
    const part = bytes.subarray(at + 5, at + 5 + length);
    if (bytes[at] !== HANDSHAKE) return part.length < length ? 'more' : 'no';
    parts.push(part);
    collected += part.length;
    if (wanted === undefined && collected >= 4) {
      const start = Buffer.concat(parts);
      if (start[0] !== CLIENT_HELLO) return 'no';
      wanted = 4 + start.readUIntBE(1, 3);
      if (wanted > MAX_SIZE) return 'too-large';
    } else if (wanted === undefined && parts[0]?.[0] !== undefined && parts[0][0] !== CLIENT_HELLO) {
      return 'no';
    }
    if (wanted !== undefined && collected >= wanted) return Buffer.concat(parts).subarray(4, wanted);
    if (part.length < length) return 'more';
    at += 5 + length;
  }
}

function parseHello(reader: Reader): ClientHello {
  reader.skip(2 + 32);
  reader.skip(reader.number(1));
  reader.skip(reader.number(2));
  reader.skip(reader.number(1));
  let serverName = '';
  let applicationProtocols: readonly string[] = [];
  if (reader.left > 0) {
    const extensions = reader.part(reader.number(2));
    while (extensions.left > 0) {
      const type = extensions.number(2);
      const content = extensions.part(extensions.number(2));
      if (type === SERVER_NAME) serverName = readServerName(content);
      else if (type === ALPN) applicationProtocols = readProtocols(content);
    }
  }
  return { serverName, applicationProtocols };
}

function readServerName(content: Reader): string {
  const list = content.part(content.number(2));
  while (list.left > 0) {
    const type = list.number(1);
    const name = list.text(list.number(2));
    if (type === HOST_NAME) return name.toLowerCase();
  }
  return '';
}

function readProtocols(content: Reader): readonly string[] {
  const list = content.part(content.number(2));
  const protocols: string[] = [];
  while (list.left > 0) protocols.push(list.text(list.number(1)));
  return protocols;
}

/** Throws a `RangeError` for reads beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(size: 1 | 2): number {
    const start = this.#at;
    this.skip(size);
    return this.#bytes.readUIntBE(start, size);
  }

  part(size: number): Reader {
    const start = this.#at;
    this.skip(size);
    return new Reader(this.#bytes.subarray(start, start + size));
  }

  text(size: number): string {
    const start = this.#at;
    this.skip(size);
    return this.#bytes.toString('latin1', start, start + size);
  }

  skip(size: number): void {
    if (size > this.left) throw new RangeError('the message ends too early');
    this.#at += size;
  }
}
