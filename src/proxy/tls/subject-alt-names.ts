/** Names that certificates are for, and which of them are asked for. */

import {
  type SubjectAltNameMatcher,
  SubjectAltNameMatcher_SanType as SanType,
} from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { canonicalIp } from '../address.ts';
import { InvalidConfigError } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { compileStringMatcher } from '../route/string-matcher.ts';

export interface SubjectAltName {
  readonly type: 'DNS' | 'URI' | 'IP Address' | 'email' | 'other';
  readonly value: string;
}

/** Reads the list as Node.js prints it: `DNS:a.b, URI:spiffe://c/d`, values with special characters in JSON. */
export function subjectAltNames(text: string | undefined): readonly SubjectAltName[] {
  const names: SubjectAltName[] = [];
  const pattern = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;
  for (const [, type = '', raw = ''] of (text ?? '').matchAll(pattern)) {
    const value = raw.startsWith('"') ? unquoted(raw) : raw;
    const isKnown = type === 'DNS' || type === 'URI' || type === 'IP Address' || type === 'email';
    names.push({
      type: isKnown ? type : 'other',
      value: type === 'IP Address' ? (canonicalIp(value) ?? value) : value,
    });
  }
  return names;
}

function unquoted(raw: string): string {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'string' ? value : raw;
  } catch {
    return raw;
  }
}

export type NameCheck = (names: readonly SubjectAltName[]) => boolean;

const TYPES: Readonly<Record<number, SubjectAltName['type']>> = {
  [SanType.EMAIL]: 'email',
  [SanType.DNS]: 'DNS',
  [SanType.URI]: 'URI',
  [SanType.IP_ADDRESS]: 'IP Address',
};

/** One of the names has to fit one of the matchers. */
export function nameCheck(field: string, matchers: readonly SubjectAltNameMatcher[]): NameCheck | undefined {
  if (matchers.length === 0) return undefined;
  const checks = matchers.map(({ sanType, matcher }, index) => {
    const where = `${field}[${index}]`;
    const type = TYPES[sanType];
    if (type === undefined)
      throw new UnsupportedError(`${where}.san_type ${SanType[sanType] ?? String(sanType)}`);
    if (matcher === undefined) throw new InvalidConfigError(`${where}.matcher`, 'missing');
    const exact = matcher.matchPattern.case === 'exact' ? matcher.matchPattern.value : undefined;
    if (type === 'DNS' && exact !== undefined) {
      return (name: SubjectAltName) => name.type === 'DNS' && dnsNameMatches(exact, name.value);
    }
    const text = compileStringMatcher(matcher);
    return (name: SubjectAltName) => name.type === type && text.fits(name.value);
  });
  return (names) => names.some((name) => checks.some((check) => check(name)));
}

/** A certificate has to be for this host. */
export function isForHost(names: readonly SubjectAltName[], host: string): boolean {
  const ip = canonicalIp(host);
  return names.some(({ type, value }) =>
    type === 'DNS' ? dnsNameMatches(host, value) : type === 'IP Address' ? value === ip : value === host,
  );
}

/** `*` in a certificate stands for one label, or the beginning of the first. */
export function dnsNameMatches(host: string, pattern: string): boolean {
  const wanted = host.toLowerCase();
  const name = pattern.toLowerCase();
  if (wanted === name) return true;
  const dot = name.indexOf('.');
  const star = name.indexOf('*');
  if (star < 0 || dot < 0 || star > dot || name.includes('*', star + 1) || name.startsWith('xn--'))
    return false;
  const wantedDot = wanted.indexOf('.');
  if (wantedDot <= 0 || wanted.slice(wantedDot) !== name.slice(dot)) return false;
  const label = wanted.slice(0, wantedDot);
  const before = name.slice(0, star);
  const after = name.slice(star + 1, dot);
  return label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after);
}
