import { describe, expect, test } from 'vitest';
import { credentialReference } from '../../src/model/credentials.ts';
import { type Fact, UNHEARD } from '../../src/model/snapshot.ts';
import { snapshotOf } from './snapshot-of.ts';

describe('a name of a certificate', () => {
  test.each([
    ['kubernetes://web', { scheme: 'kubernetes', namespace: 'own', name: 'web' }],
    ['kubernetes://shop/web', { scheme: 'kubernetes', namespace: 'shop', name: 'web' }],
    [
      'kubernetes-gateway://shop/web-cacert',
      { scheme: 'kubernetes-gateway', namespace: 'shop', name: 'web-cacert' },
    ],
    ['configmap://shop/ca-cacert', { scheme: 'configmap', namespace: 'shop', name: 'ca-cacert' }],
    ['kubernetes-gateway://web', undefined],
    ['configmap://ca', undefined],
    ['kubernetes://', undefined],
    ['kubernetes:///web', undefined],
    ['kubernetes://a/b/c', undefined],
    ['invalid://', undefined],
    ['default', undefined],
    ['web', undefined],
  ])('%s', (name, reference) => {
    expect(credentialReference(name, 'own')).toEqual(reference);
  });
});

const entries = (map: Readonly<Record<string, string>>): string => JSON.stringify(map);
const secret = (name: string, map: Readonly<Record<string, string>>, namespace = 'shop'): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: ${namespace}}\nstringData: ${entries(map)}\n`;

/** What stands in the object is not looked at here: any text will do. */
const MESH = [
  secret('pair', {
    'tls.crt': 'chain',
    'tls.key': 'key',
    'tls.ocsp-staple': 'staple',
    'ca.crt': 'ca',
    'ca.crl': 'crl',
  }),
  secret('generic', { cert: 'chain', key: 'key', cacert: 'ca', crl: 'crl' }),
  secret('both', {
    cert: 'generic',
    key: 'key',
    'tls.crt': 'tls',
    'tls.key': 'key',
    cacert: 'generic',
    'ca.crt': 'tls',
  }),
  secret('apart', { cert: 'chain', key: 'key', cacert: 'beside' }),
  secret('apart-cacert', { cacert: 'apart' }),
  secret('half', { 'tls.crt': 'chain' }),
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, namespace: shop}\ndata: {ca.crt: ca, crl: unused, ca.crl: crl}\n`,
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pair, namespace: shop}\ndata: {tls.crt: chain, tls.key: key}\n`,
].join('---\n');

describe('what it leads to', () => {
  const look = (name: string): unknown => {
    const reference = credentialReference(name, 'shop');
    if (reference === undefined) throw new Error('no reference');
    const found = snapshotOf(MESH).credential(reference);
    if (typeof found === 'string') return found;
    return Object.fromEntries(
      Object.entries(found.content).map(([key, value]) => [key, value === undefined ? value : String(value)]),
    );
  };

  test.each([
    ['kubernetes://pair', { kind: 'certificate', chain: 'chain', key: 'key', staple: 'staple' }],
    ['kubernetes://generic', { kind: 'certificate', chain: 'chain', key: 'key', staple: undefined }],
    ['kubernetes://pair-cacert', { kind: 'authorities', certificates: 'ca', revoked: 'crl' }],
    ['kubernetes://generic-cacert', { kind: 'authorities', certificates: 'ca', revoked: 'crl' }],
    ['kubernetes://both', { kind: 'certificate', chain: 'generic', key: 'key', staple: undefined }],
    ['kubernetes://both-cacert', { kind: 'authorities', certificates: 'generic', revoked: undefined }],
    ['kubernetes://apart-cacert', { kind: 'authorities', certificates: 'apart', revoked: undefined }],
    ['configmap://shop/map', { kind: 'authorities', certificates: 'ca', revoked: 'crl' }],
    ['configmap://shop/map-cacert', { kind: 'authorities', certificates: 'ca', revoked: 'crl' }],
    ['kubernetes://gone', 'there is no Secret shop/gone that is in force'],
    ['kubernetes://gone-cacert', 'there is no Secret shop/gone or shop/gone-cacert that is in force'],
    ['kubernetes://other/pair', 'there is no Secret other/pair that is in force'],
    ['configmap://shop/gone', 'there is no ConfigMap shop/gone that is in force'],
    ['kubernetes://half', 'Secret shop/half has neither tls.crt and tls.key, nor cert and key'],
    ['kubernetes://half-cacert', 'Secret shop/half has neither ca.crt nor cacert'],
    // A ConfigMap gives no certificate to show, whatever is in it.
    ['configmap://shop/pair', 'ConfigMap shop/pair has neither ca.crt nor cacert'],
  ])('%s', (name, content) => {
    expect(look(name)).toEqual(content);
  });

  test('whether it leads somewhere depends on no content', () => {
    const heard: Fact[] = [];
    const snapshot = snapshotOf(MESH).recording({ ...UNHEARD, fact: (one) => heard.push(one) });
    const ask = (name: string): string | undefined =>
      snapshot.credentialFault({ scheme: 'kubernetes', namespace: 'shop', name });
    expect([ask('pair'), ask('late')]).toEqual([undefined, 'there is no Secret shop/late that is in force']);
    const rotated = snapshotOf(secret('pair', { 'tls.crt': 'new', 'tls.key': 'new' }));
    const late = snapshotOf(`${MESH}---\n${secret('late', { cert: 'a', key: 'b' })}`);
    const holds = (then: typeof rotated): boolean[] => heard.map(({ read, value }) => read(then) === value);
    expect(holds(rotated)).toEqual([true, true]);
    expect(holds(late)).toEqual([true, false]);
  });
});
