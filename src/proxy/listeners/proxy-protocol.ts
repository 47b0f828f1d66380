/** The PROXY protocol's header, both versions: HAProxy's document "The PROXY protocol". */

import { isIPv6 } from 'node:net';
import { canonicalIp, type Place } from '../address.ts';
import { ipBytes } from '../sockets/socket-address.ts';

export interface ProxyHeader {
  readonly version: 1 | 2;
  /** Bytes that the header takes. */
  readonly length: number;
  /** Undefined when the header names no one (LOCAL, UNKNOWN): the connection's own peer counts. */
  readonly addresses: { readonly source: Place; readonly destination: Place } | undefined;
  readonly tlvs: readonly { readonly type: number; readonly value: Buffer }[];
}

const SIGNATURE = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);
const V1 = Buffer.from('PROXY ');
const V1_MAX = 108;
const TCP4 = 0x11;
const TCP6 = 0x21;
const UNIX = 0x31;

/** `more`: it may become a header. `no`: it is none. `bad`: it begins as one, but is none. Never throws. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'no' | 'bad' {
  if (startsAlike(bytes, SIGNATURE)) return bytes.length < 16 ? 'more' : readV2(bytes);
  if (startsAlike(bytes, V1)) return bytes.length < V1.length ? 'more' : readV1(bytes);
  return 'no';
}

/** Version 1 for TCP over IP; what has no addresses of one family is UNKNOWN. */
export function writeV1(source: Place | undefined, destination: Place | undefined): Buffer {
  if (source?.kind !== 'ip' || destination?.kind !== 'ip') return Buffer.from('PROXY UNKNOWN\r\n');
  const isV6 = isIPv6(source.ip);
  if (isV6 !== isIPv6(destination.ip)) return Buffer.from('PROXY UNKNOWN\r\n');
  return Buffer.from(
    `PROXY TCP${isV6 ? 6 : 4} ${source.ip} ${destination.ip} ${source.port} ${destination.port}\r\n`,
  );
}

/** Version 2; without addresses of one family it is a LOCAL one. */
export function writeV2(source: Place | undefined, destination: Place | undefined): Buffer {
  if (source?.kind !== 'ip' || destination?.kind !== 'ip' || isIPv6(source.ip) !== isIPv6(destination.ip)) {
    return Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
  }
  const isV6 = isIPv6(source.ip);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const body = Buffer.concat([ipBytes(source.ip), ipBytes(destination.ip), ports]);
  const head = Buffer.from([0x21, isV6 ? TCP6 : TCP4, 0, body.length]);
  return Buffer.concat([SIGNATURE, head, body]);
}

function startsAlike(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.length, wanted.length);
  return wanted.compare(bytes, 0, length, 0, length) === 0;
}

function readV1(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const end = bytes.subarray(0, V1_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length >= V1_MAX ? 'bad' : 'more';
  const parts = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (parts[1] === 'UNKNOWN') return { version: 1, length, addresses: undefined, tlvs: [] };
  const family = parts[1] === 'TCP4' ? 4 : parts[1] === 'TCP6' ? 6 : 0;
  if (family === 0 || parts.length !== 6) return 'bad';
  const source = placeOf(parts[2], parts[4], family);
  const destination = placeOf(parts[3], parts[5], family);
  if (source === undefined || destination === undefined) return 'bad';
  return { version: 1, length, addresses: { source, destination }, tlvs: [] };
}

function placeOf(ip: string | undefined, port: string | undefined, family: 4 | 6): Place | undefined {
  if (ip === undefined || port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    return undefined;
  if (ip.includes(':') !== (family === 6)) return undefined;
  const canonical = canonicalIp(ip);
  return canonical === undefined ? undefined : { kind: 'ip', ip: canonical, port: Number(port) };
}

function readV2(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = 16 + bytes.readUInt16BE(14);
  if (command >> 4 !== 2 || (command & 15) > 1) return 'bad';
  if (bytes.length < length) return 'more';
  const body = bytes.subarray(16, length);
  const isLocal = (command & 15) === 0;
  const sizes: Readonly<Record<number, number>> = { [TCP4]: 12, [TCP6]: 36, [UNIX]: 216, 0: 0 };
  const size = sizes[family];
  if (isLocal) return { version: 2, length, addresses: undefined, tlvs: [] };
  if (size === undefined || body.length < size) return 'bad';
  const tlvs = readTlvs(body.subarray(size));
  if (tlvs === undefined) return 'bad';
  // Paths name nobody that policies could speak of; Envoy passes over them too.
  if (family === UNIX || family === 0) return { version: 2, length, addresses: undefined, tlvs };
  const bytesOf = family === TCP4 ? 4 : 16;
  const place = (at: number, port: number): Place => ({
    kind: 'ip',
    ip: addressText(body.subarray(at, at + bytesOf)),
    port: body.readUInt16BE(port),
  });
  const source = place(0, 2 * bytesOf);
  const destination = place(bytesOf, 2 * bytesOf + 2);
  return { version: 2, length, addresses: { source, destination }, tlvs };
}

function readTlvs(bytes: Buffer): ProxyHeader['tlvs'] | undefined {
  const tlvs: { type: number; value: Buffer }[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 3) return undefined;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    tlvs.push({ type: bytes.readUInt8(at), value: bytes.subarray(at + 3, end) });
    at = end;
  }
  return tlvs;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return canonicalIp(groups.join(':')) ?? '::';
}
