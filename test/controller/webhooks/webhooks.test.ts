/** The webhooks over HTTPS, with certificates that tests make: who is shown what, and what is not answered. */

import 'reflect-metadata';
import { type webcrypto, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Log } from '../../../src/base/log.ts';
import { Controller } from '../../../src/controller/controller.ts';
import { readSettings } from '../../../src/controller/settings.ts';
import { type Authority, renewalOf, signServer } from '../../../src/controller/webhooks/certificate.ts';
import { MAX_BODY } from '../../../src/controller/webhooks/listener.ts';
import { translate } from '../../../src/xds/translate.ts';
import { tempFolder } from '../../cli/temp-folder.ts';

const NAMES = ['istiod.istio-system.svc'];
const DAY = 24 * 3_600_000;

async function authority(
  algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams,
  days = 100,
): Promise<Authority> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: [{ O: ['cluster.local'] }],
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + days * DAY),
    signingAlgorithm: { hash: 'SHA-256', ...algorithm },
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}

const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

describe('a certificate of the authority', () => {
  test.each([
    ['P-256', EC],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['RSA', RSA],
  ])('is signed by a key of %s, for the names of the Service', async (_name, algorithm) => {
    const root = await authority(algorithm);
    const pair = await signServer(root, NAMES, Date.now());
    const own = new X509Certificate(pair.certificate);
    const issuer = new X509Certificate(root.certificate);
    expect([own.verify(issuer.publicKey), own.checkIssued(issuer), own.ca]).toEqual([true, true, false]);
    expect(own.checkHost('istiod.istio-system.svc')).toBe('istiod.istio-system.svc');
    expect(own.checkHost('istiod.other.svc')).toBeUndefined();
    const left = (renewalOf(pair) - Date.now()) / DAY;
    expect(left).toBeGreaterThan(19);
    expect(left).toBeLessThan(21);
  });

  test('does not outlive its authority', async () => {
    const root = await authority(EC, 3);
    const { validTo } = new X509Certificate((await signServer(root, NAMES, Date.now())).certificate);
    expect(validTo).toBe(new X509Certificate(root.certificate).validTo);
  });

  test('is not to be had of another key, of one that is none, and of an authority that has ended', async () => {
    const [root, other] = await Promise.all([authority(EC), authority(EC)]);
    await expect(signServer({ ...root, key: other.key }, NAMES, Date.now())).rejects.toThrow('not the key');
    await expect(signServer({ ...root, key: 'secret' }, NAMES, Date.now())).rejects.toThrow(
      'ca-key.pem is no private key',
    );
    await expect(signServer(root, NAMES, Date.now() + 200 * DAY)).rejects.toThrow('no longer in force');
  });
});

describe('the webhooks', () => {
  let root: Authority;
  let folder = '';
  let lines: string[];
  let controller: Controller | undefined;

  beforeAll(async () => {
    root = await authority(EC);
  });
  beforeEach(async () => {
    lines = [];
    const pair = await signServer(root, NAMES, Date.now());
    folder = tempFolder({ 'config/map.yaml': configMap('policy: enabled') });
    writeFileSync(join(folder, 'cert.pem'), pair.certificate);
    writeFileSync(join(folder, 'key.pem'), pair.key);
  });
  afterEach(async () => {
    await controller?.stop();
    controller = undefined;
  });

  function configMap(config: string): string {
    return `apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  config: ${JSON.stringify(config)}
  values: '{"global": {"hub": "hub.example"}}'
`;
  }

  async function start(): Promise<Controller> {
    const argv = ['grpc-addr', 'http-addr', 'https-addr'].flatMap((name) => [`--${name}`, '127.0.0.1:0']);
    const files = ['--tls-cert-file', join(folder, 'cert.pem'), '--tls-key-file', join(folder, 'key.pem')];
    const settings = readSettings(
      [...argv, ...files, '--config', join(folder, 'config'), '--drain-time', '10ms'],
      {},
    );
    if (settings === 'help') throw new Error('no settings');
    controller = new Controller(settings, new Log('info', (line) => lines.push(line)), translate);
    await controller.start();
    return controller;
  }

  function post(
    to: Controller,
    path: string,
    body: string,
    { method = 'POST', type = 'application/json' } = {},
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: to.httpsPort, servername: NAMES[0], ca: root.certificate };
      const headers = { 'content-type': type };
      const call = request({ ...options, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  const review = (object: unknown, kind = 'Pod'): string =>
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: '1',
        operation: 'CREATE',
        namespace: 'shop',
        kind: { group: '', version: 'v1', kind },
        object,
      },
    });
  const pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'app', image: 'app:1' }] } };

  interface Answer {
    readonly response: {
      readonly allowed: boolean;
      readonly patch?: string;
      readonly status?: { readonly message: string };
    };
  }

  test('inject as the ConfigMap says, and count', async () => {
    const to = await start();
    const { status, text } = await post(to, '/inject?timeout=10s', review(pod));
    expect(status).toBe(200);
    const { response } = JSON.parse(text) as Answer;
    expect(Buffer.from(response.patch ?? '', 'base64').toString()).toContain('hub.example/proxy');
    await post(to, '/inject', review({ ...pod, spec: { hostNetwork: true } }));
    await post(to, '/inject', review({}));
    const metrics = await (await fetch(`http://127.0.0.1:${to.httpPort}/metrics`)).text();
    expect(metrics.split('\n').filter((line) => line.startsWith('sidecar_injection_'))).toEqual([
      'sidecar_injection_requests_total 3',
      'sidecar_injection_success_total 1',
      'sidecar_injection_failure_total 1',
      'sidecar_injection_skip_total 1',
    ]);
    expect(lines.join('')).not.toContain('PRIVATE KEY');
  });

  test.each([
    ['another page', '/other', {}, 404],
    ['another method', '/inject', { method: 'PUT' }, 405],
    ['another type', '/inject', { type: 'text/plain' }, 415],
    ['no review', '/validate', {}, 400],
  ])('answer %s as such', async (_name, path, how, status) => {
    expect((await post(await start(), path, '{}', how)).status).toBe(status);
  });

  test('refuse values nested too deep and bodies too large, and go on', async () => {
    const to = await start();
    const deep = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
    const body = review(pod).replace(
      '"metadata":{"name":"web"}',
      `"metadata":{"name":"web","labels":${deep}}`,
    );
    expect(JSON.parse((await post(to, '/inject', body)).text)).toMatchObject({ response: { uid: '1' } });
    const large = await post(to, '/inject', ' '.repeat(MAX_BODY + 1)).catch((error: Error) => error);
    // The connection may be closed before all of the body is sent.
    expect(large).toMatchObject(large instanceof Error ? { code: /EPIPE|ECONNRESET/ } : { status: 413 });
    expect((await post(to, '/inject', review(pod))).status).toBe(200);
  });

  test('say what is missing where nothing says how sidecars are made', async () => {
    writeFileSync(join(folder, 'config/map.yaml'), '');
    const { text } = await post(await start(), '/inject', review(pod));
    expect((JSON.parse(text) as Answer).response).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('no ConfigMap istio-system/istio-sidecar-injector') },
    });
  });

  test('refuse every pod while settings are bad from the start', async () => {
    writeFileSync(join(folder, 'config/map.yaml'), configMap('polcy: enabled'));
    const { text } = await post(await start(), '/inject', review(pod));
    expect((JSON.parse(text) as Answer).response.status?.message).toMatch(
      /no key "polcy"; did you mean policy/,
    );
  });

  test('wait for a certificate, without one nobody connects', async () => {
    writeFileSync(join(folder, 'key.pem'), 'no key');
    const to = await start();
    expect(lines.join('')).toContain('no private key in PEM');
    const error = await new Promise<Error>((resolve) =>
      connect({ host: '127.0.0.1', port: to.httpsPort, ca: root.certificate }).on('error', resolve),
    );
    expect(error).toMatchObject({ code: expect.stringMatching(/SSL|ECONNRESET/) });
  });
});
