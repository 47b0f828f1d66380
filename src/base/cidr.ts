/** IP addresses and CIDR blocks: strict parsing of the text forms, and containment. */

/** An address as a number, so that addresses of one family can be compared. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** 32 bits for family 4, 128 for family 6. */
  readonly value: bigint;
  /** The zone behind a `%`, only in family 6. */
  readonly zone?: string;
}

export interface Cidr {
  readonly address: IpAddress;
  /** Length of the prefix: 0 to 32, or 0 to 128. */
  readonly bits: number;
}

// The longest IPv6 text is 45 characters; zones are names of interfaces.
const MAX_TEXT = 128;
const DECIMAL = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;

/**
 * An IPv4 address (four decimal parts without leading zeros) or an IPv6 address (with `::`, an IPv4 tail or
 * a zone); undefined for anything else. RFC 4291, RFC 6943.
 */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > MAX_TEXT) return undefined;
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const percent = text.indexOf('%');
  const value = parseIpv6(percent < 0 ? text : text.slice(0, percent));
  if (value === undefined) return undefined;
  if (percent < 0) return { family: 6, value };
  const zone = text.slice(percent + 1);
  return zone === '' ? undefined : { family: 6, value, zone };
}

/** Whether the text is an IP address of either family. */
export function isIp(text: string): boolean {
  return parseIp(text) !== undefined;
}

/** An address, a slash and the length of the prefix, as `10.0.0.0/8`; bits beyond the prefix may be set. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || address.zone !== undefined || !DECIMAL.test(length)) return undefined;
  const bits = Number(length);
  return bits > widthOf(address) ? undefined : { address, bits };
}

/** A CIDR block, or a single address as the block of just itself. */
export function parseSubnet(text: string): Cidr | undefined {
  if (text.includes('/')) return parseCidr(text);
  const address = parseIp(text);
  return address === undefined ? undefined : { address, bits: widthOf(address) };
}

/** Whether the address lies in the block. */
export function cidrContains(block: Cidr, address: IpAddress): boolean {
  if (block.address.family !== address.family) return false;
  const rest = BigInt(widthOf(address) - block.bits);
  return block.address.value >> rest === address.value >> rest;
}

/** Whether some address lies in both blocks. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.bits <= b.bits ? cidrContains(a, b.address) : cidrContains(b, a.address);
}

function widthOf(address: IpAddress): number {
  return address.family === 4 ? 32 : 128;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!DECIMAL.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = groupsOf(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of a run without `::`; its last part may be an IPv4 address where `ipv4Tail` says so. */
function groupsOf(text: string, ipv4Tail: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const value = ipv4Tail && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (value === undefined) return undefined;
      groups.push(Number(value >> 16n), Number(value & 0xffffn));
    }
  }
  return groups;
}
