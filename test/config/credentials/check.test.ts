import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admit } from '../../../src/config/admission.ts';
import { credentialFaults } from '../../../src/config/credentials/check.ts';
import type { MeshObject } from '../../../src/config/object.ts';
import { parseText } from '../../../src/config/parse/parse.ts';
import { makeCertificate, makeRevocations } from '../../peers/world/certificate.ts';

let folder: string;
const file = (name: string): string => readFileSync(join(folder, name), 'utf8');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-pem-'));
  for (const name of ['one', 'two']) makeCertificate(folder, name, `${name}.example`);
  makeRevocations(folder, 'one');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function secret(spec: object): MeshObject {
  const value = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web', namespace: 'shop' }, ...spec };
  const [object] = parseText(JSON.stringify(value), 'secret.yaml').objects;
  if (object === undefined) throw new Error('no object');
  return object;
}

function coded(entries: Readonly<Record<string, string>>): { data: Record<string, string> } {
  return {
    data: Object.fromEntries(
      Object.entries(entries).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  };
}

const TLS = { type: 'kubernetes.io/tls' };
const NO_CERTIFICATE = 'this is no certificate in PEM';
const NO_KEY = 'this is no private key in PEM, or one with a passphrase';

test.each<[string, () => object, readonly string[]]>([
  ['a pair', () => ({ ...TLS, ...coded({ 'tls.crt': file('one.crt'), 'tls.key': file('one.key') }) }), []],
  [
    'a generic pair with authorities',
    () => coded({ cert: file('one.crt'), key: file('one.key'), cacert: file('two.crt') }),
    [],
  ],
  ['plain text', () => ({ stringData: { cert: file('one.crt'), key: file('one.key') } }), []],
  [
    'a chain and several authorities',
    () =>
      coded({
        'tls.crt': file('one.crt') + file('two.crt'),
        'tls.key': file('one.key'),
        'ca.crt': file('two.crt') + file('one.crt'),
      }),
    [],
  ],
  [
    'a list of what is revoked',
    () => coded({ 'ca.crt': file('one.crt'), 'ca.crl': file('one-revoked.crl') }),
    [],
  ],
  ['what holds no certificates', () => coded({ password: 'x', key: 'y' }), []],
  ['no entries at all, of another type', () => ({}), []],
  [
    'no entries at all',
    () => TLS,
    ['data["tls.crt"]: this is missing or empty', 'data["tls.key"]: this is missing or empty'],
  ],
  [
    'an empty key',
    () => ({ ...TLS, ...coded({ 'tls.crt': file('one.crt'), 'tls.key': '' }) }),
    ['data["tls.key"]: this is missing or empty'],
  ],
  [
    'a key of another certificate',
    () => ({ ...TLS, ...coded({ 'tls.crt': file('one.crt'), 'tls.key': file('two.key') }) }),
    ['data["tls.key"]: this key does not belong to the certificate in tls.crt'],
  ],
  [
    'a chain in the wrong order',
    () => coded({ cert: file('two.crt') + file('one.crt'), key: file('one.key') }),
    ['data.key: this key does not belong to the certificate in cert'],
  ],
  [
    'both mixed up',
    () => coded({ cert: file('one.key'), key: file('one.crt') }),
    [`data.cert: ${NO_CERTIFICATE}`, `data.key: ${NO_KEY}`],
  ],
  [
    'half a certificate',
    () => coded({ cert: file('one.crt').slice(0, 200), key: file('one.key') }),
    [`data.cert: ${NO_CERTIFICATE}`],
  ],
  [
    'a key with a passphrase',
    () => coded({ cert: file('one.crt'), key: lockedKey() }),
    [`data.key: ${NO_KEY}`],
  ],
  [
    'what is no base64',
    () => ({ ...TLS, data: { 'tls.crt': '-----BEGIN', 'tls.key': 'a' } }),
    ['data["tls.crt"]: this is no base64', 'data["tls.key"]: this is no base64'],
  ],
  [
    'authorities that are none',
    () => coded({ 'ca.crt': 'me', cacert: file('one.crt'), crl: 'nobody' }),
    [
      'data.crl: this is no list of revoked certificates in PEM',
      'data["ca.crt"]: these are no certificates in PEM',
    ],
  ],
  [
    'more than a Secret can hold',
    () => coded({ 'ca.crt': file('one.crt') + ' '.repeat(1 << 20) }),
    ['data["ca.crt"]: this has more than 1048576 bytes'],
  ],
])('of %s', (_, spec, faults) => {
  const found = credentialFaults(secret(spec()));
  expect(found).toEqual(faults);
  for (const text of found) {
    for (const name of ['one.key', 'two.key']) expect(text).not.toContain(file(name).slice(40, 60));
  }
});

function lockedKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;
}

test('a text of beginnings without ends is read in no time', () => {
  const text = '-----BEGIN CERTIFICATE-----'.repeat(30_000);
  const begun = process.cpuUsage();
  expect(credentialFaults(secret(coded({ 'ca.crt': text })))).toHaveLength(1);
  // Of this process's own work: how long others had the machine meanwhile says nothing.
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});

test('a bad one is set aside where Secrets are used, and the good one before it stays', async () => {
  const options = { defaultNamespace: 'default', rootNamespace: 'istio-system' };
  const good = secret({ ...TLS, ...coded({ 'tls.crt': file('one.crt'), 'tls.key': file('one.key') }) });
  const bad = secret({ ...TLS, ...coded({ 'tls.crt': file('one.crt'), 'tls.key': file('two.key') }) });
  const read = { objects: [bad], problems: [] };
  expect(await admit(read, [good], options)).toEqual({ objects: [bad], rejections: [] });
  expect(await admit(read, [good], { ...options, usesSecrets: true })).toEqual({
    objects: [good],
    rejections: [
      {
        file: 'secret.yaml',
        line: 1,
        object: 'Secret shop/web',
        errors: ['data["tls.key"]: this key does not belong to the certificate in tls.crt'],
        isEarlierInForce: true,
      },
    ],
  });
});

test('what a schema says of a Secret does not tell what is in it', async () => {
  const text = `apiVersion: v1
kind: Secret
metadata: {name: web, namespace: shop}
type: 7
data: guarded
stringData: {a: 12345678, b: true, c: {guarded: guarded}, d: [guarded]}
`;
  const { objects } = parseText(text, 'secret.yaml');
  const options = { defaultNamespace: 'default', rootNamespace: 'istio-system' };
  const { rejections } = await admit({ objects, problems: [] }, [], options);
  expect(rejections.flatMap(({ errors }) => errors).toSorted()).toEqual([
    'data: must be a map, but is text',
    'stringData.a: must be text, but is a number (Put it in quotes.)',
    'stringData.b: must be text, but is true or false (Put it in quotes.)',
    'stringData.c: must be text, but is a map',
    'stringData.d: must be text, but is a list',
    'type: must be text, but is the number 7 (Put it in quotes: "7".)',
  ]);
});
