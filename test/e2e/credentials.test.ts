/** Certificates from Secrets, over a socket that only the controller's own user can open, and nowhere else. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  makeCertificate,
  makeCertificateOf,
  makeRevocations,
  makeRsaCertificate,
} from '../peers/world/certificate.ts';
import { eventually } from '../peers/run-envoy.ts';
import { ADDRESSES, CLIENT, EAST, INGRESS, shopManifests } from '../peers/world/shop.ts';
import { type ProxyOptions, World } from '../peers/world/world.ts';
import { BASE } from './features/base.ts';
import { send, testCases } from './features/case.ts';
import {
  GATEWAYS,
  clientCases,
  secretOf,
  secureServer,
  secured,
  serverCases,
  tlsSecret,
} from './features/credentials.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lateen-credentials-'));
const socket = join(folder, 'door', 'xds.sock');

/** A gateway that comes over the port in plain text. */
const PLAIN = {
  role: 'router',
  name: 'plain-0',
  namespace: GATEWAYS,
  ip: '10.40.9.2',
  labels: { istio: 'plaingateway' },
  ports: 29,
} as const;

/** A gateway that asks for the state of the world. */
const STATE = {
  role: 'router',
  name: 'state-0',
  namespace: GATEWAYS,
  ip: '10.40.9.2',
  labels: { istio: 'stategateway' },
  ports: 17,
  env: { ISTIO_DELTA_XDS: 'false' },
} as const;

/** Keys that proxies refuse, and in what words; OpenSSL and the API server let them pass. */
const WEAK = {
  short: ['rsa:1024', /only RSA certificates with 2048-bit or larger keys are supported/],
  curve: ['ec -pkeyopt ec_paramgen_curve:secp256k1', /certificate.chain/],
} as const;

const byTheDoor = <Options extends ProxyOptions>(proxy: Options): Options => ({
  ...proxy,
  config: { discoveryAddress: `unix://${socket}`, ...proxy.config },
});

interface SyncOfProxy {
  readonly proxy: string;
  readonly types: Readonly<Record<string, { status: string; sent?: string; reason?: string }>>;
}

describeOnEachEngine('certificates from Secrets', (engine) => {
  let world: World;
  const tables = { 'at gateways': serverCases(folder), 'towards endpoints': clientCases(folder) };

  beforeAll(async () => {
    mkdirSync(join(folder, 'door'), { recursive: true, mode: 0o700 });
    for (const name of ['client', 'stranger', 'one', 'two']) makeCertificate(folder, name, `${name}.example`);
    makeRsaCertificate(folder, 'both-rsa', 'rsa.example', 'DNS:c-both.test');
    makeCertificate(folder, 'both-ec', 'ec.example', 'DNS:c-both.test');
    makeRevocations(folder, 'client');
    for (const [name, [algorithm]] of Object.entries(WEAK)) {
      makeCertificateOf(algorithm, folder, name, `${name}.example`);
    }
    const tls = makeCertificate(folder, 'server', 'backend.example');
    const manifests: Record<string, string> = {
      'shop.json': shopManifests(),
      'base.yaml': BASE,
      'turning.yaml': secureServer({
        name: 'turning',
        port: 9601,
        tls: 'mode: SIMPLE, credentialName: turning',
      }),
      'turning-secret.yaml': tlsSecret(folder, [GATEWAYS, 'turning'], 'one'),
      'east.yaml': secureServer({
        name: 'east',
        port: 9602,
        selector: 'eastwestgateway',
        tls: 'mode: SIMPLE, credentialName: east',
      }),
      'east-secret.yaml': tlsSecret(folder, [GATEWAYS, 'east'], 'one', { 'ca.crt': 'client.crt' }),
      'state.yaml': `${secureServer({ name: 'state', port: 9606, selector: 'stategateway', tls: 'mode: SIMPLE, credentialName: state' })}---
${secureServer({ name: 'state-mutual', port: 9607, selector: 'stategateway', tls: 'mode: MUTUAL, credentialName: east' })}`,
      'state-secret.yaml': tlsSecret(folder, [GATEWAYS, 'state'], 'one'),
      'plain.yaml': `${secureServer({ name: 'plain', port: 9603, selector: 'plaingateway', tls: 'mode: SIMPLE, credentialName: east' })}---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: plain-http, namespace: shop}
spec: {selector: {istio: plaingateway}, servers: [{port: {number: 9604, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: plain-http, namespace: shop}
spec: {hosts: [plain-http.test], gateways: [plain-http], http: [{route: [{destination: {host: web}}]}]}
`,
    };
    for (const [index, { config }] of Object.values(tables).flat().entries()) {
      manifests[`case-${index}.yaml`] = typeof config === 'function' ? config() : (config ?? '');
    }
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      workload: CLIENT.ip,
      manifests,
      tls,
      controllerFlags: ['--grpc-addr', `unix://${socket}`],
    });
    // Of several threads, or processes, each has the certificates.
    const proxies = [INGRESS, { ...EAST, config: { concurrency: 2 } }, CLIENT, STATE].map(byTheDoor);
    await Promise.all([...proxies, PLAIN].map((one) => world.startProxy(one)));
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are asked for at a socket that nobody else can open', () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
  });

  for (const [name, cases] of Object.entries(tables)) describe(name, () => testCases(() => world, cases));

  const syncOf = async (proxy: string): Promise<SyncOfProxy> => {
    const all = await world.debug<readonly SyncOfProxy[]>('syncz');
    const found = all.find((one) => one.proxy === proxy);
    if (found === undefined) throw new Error(`${proxy} is not there`);
    return found;
  };
  const shown = async (): Promise<string | undefined> => {
    const [outcome] = await send(world, secured('turning', 9601));
    return outcome?.certificate;
  };

  test('that change come to whoever uses them and to nobody else, and cut no connection', async () => {
    expect(await shown()).toBe('one.example');
    const before = {
      ingress: await syncOf('ingress-0.istio-system'),
      east: await syncOf('east-0.istio-system'),
    };
    let isAnswered = false;
    const slow = send(world, secured('turning', 9601, { path: '/?held=yes' })).then((outcomes) => {
      isAnswered = true;
      return outcomes;
    });
    await eventually(
      () => world.seen(),
      (seen) => seen.some(({ path }) => path.includes('held')),
    );
    world.write('turning-secret.yaml', tlsSecret(folder, [GATEWAYS, 'turning'], 'two'));
    await eventually(shown, (name) => name === 'two.example');
    // The request that was on its way all the time ends as it began.
    expect(isAnswered).toBe(false);
    await world.release();
    expect(await slow).toMatchObject([{ status: 200, certificate: 'one.example' }]);
    const after = {
      ingress: await syncOf('ingress-0.istio-system'),
      east: await syncOf('east-0.istio-system'),
    };
    expect(after.ingress.types['sds']?.sent).not.toBe(before.ingress.types['sds']?.sent);
    expect(after.ingress.types['lds']?.sent).toBe(before.ingress.types['lds']?.sent);
    expect(after.east.types['sds']?.sent).toBe(before.east.types['sds']?.sent);
  });

  test('come as the state of the world, too, and to every process of a proxy', async () => {
    const own = { certificate: { cert: join(folder, 'client.crt'), key: join(folder, 'client.key') } };
    const certificateOf = async (name: string, port: number): Promise<string | undefined> =>
      (await send(world, secured(name, port)))[0]?.certificate;
    expect(await certificateOf('state', 9606)).toBe('one.example');
    expect(await send(world, secured('state-mutual', 9607, own))).toMatchObject([{ status: 200 }]);
    expect(await send(world, secured('state-mutual', 9607))).toMatchObject([{ status: 0 }]);
    world.write('state-secret.yaml', tlsSecret(folder, [GATEWAYS, 'state'], 'two'));
    await eventually(
      () => certificateOf('state', 9606),
      (name) => name === 'two.example',
    );
    const outcomes = await send(world, secured('east', 9602, { times: 20, atOnce: 10 }));
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 200, certificate: 'one.example' });
  });

  test('that are bad are set aside by name and entry, and the good ones before them stay', async () => {
    expect(await shown()).toBe('two.example');
    const mixed = { 'tls.crt': 'one.crt', 'tls.key': 'two.key' };
    world.write('turning-secret.yaml', secretOf(folder, [GATEWAYS, 'turning'], mixed, 'kubernetes.io/tls'));
    const { rejected } = await eventually(
      () => world.debug<{ rejected: readonly object[] }>('configz'),
      (page) => page.rejected.length > 0,
    );
    expect(rejected).toMatchObject([
      {
        object: `Secret ${GATEWAYS}/turning`,
        file: expect.stringMatching(/turning-secret\.yaml$/),
        errors: ['data["tls.key"]: this key does not belong to the certificate in tls.crt'],
        isEarlierInForce: true,
      },
    ]);
    expect(await shown()).toBe('two.example');
    world.write('turning-secret.yaml', tlsSecret(folder, [GATEWAYS, 'turning'], 'one'));
    await eventually(shown, (name) => name === 'one.example');
  });

  test('that are gone stay with whoever has them, and that is told', async () => {
    const problems = (): Promise<string> =>
      world.debug('configz?kind=Gateway&name=turning').then((body) => JSON.stringify(body));
    expect(await problems()).not.toContain('there is no Secret');
    world.remove('turning-secret.yaml');
    await eventually(problems, (text) => text.includes(`there is no Secret ${GATEWAYS}/turning`));
    await eventually(
      () => syncOf('ingress-0.istio-system'),
      ({ types }) => types['sds']?.status === 'SYNCED',
    );
    expect(await shown()).toBe('one.example');
    world.write('turning-secret.yaml', tlsSecret(folder, [GATEWAYS, 'turning'], 'two'));
    await eventually(shown, (name) => name === 'two.example');
  });

  test.each(Object.entries(WEAK))(
    'that the proxy refuses (%s) are told of in its words, and stop no other',
    async (name, [, words]) => {
      world.write(`${name}.yaml`, tlsSecret(folder, [GATEWAYS, name], name));
      const port = 9610 + Object.keys(WEAK).indexOf(name);
      world.write(
        `${name}-gateway.yaml`,
        `${secureServer({ name, port, selector: 'eastwestgateway', tls: `mode: SIMPLE, credentialName: ${name}` })}---
${secureServer({ name: `beside-${name}`, port: port + 10, selector: 'eastwestgateway', tls: 'mode: SIMPLE, credentialName: state' })}`,
      );
      const { configs } = await eventually(
        () =>
          world.debug<{ configs: readonly { problems?: readonly object[] }[] }>(
            `configz?kind=Secret&name=${name}`,
          ),
        (page) => page.configs[0]?.problems !== undefined,
      );
      expect(configs[0]?.problems).toMatchObject([
        {
          message: expect.stringMatching(words),
          resource: `kubernetes://${name}`,
          proxies: ['east-0.istio-system'],
        },
      ]);
      await eventually(
        async () => (await send(world, secured(`beside-${name}`, port + 10)))[0],
        (outcome) => outcome?.status === 200,
      );
      expect(await send(world, secured(name, port))).toMatchObject([{ status: 0 }]);
      world.remove(`${name}.yaml`);
      world.remove(`${name}-gateway.yaml`);
    },
  );

  test('that come late open what was shut without them', async () => {
    world.write(
      'late.yaml',
      secureServer({ name: 'late', port: 9605, tls: 'mode: SIMPLE, credentialName: late' }),
    );
    const problemsOf = async (name: string): Promise<string> => {
      const { configs } = await world.debug<{ configs: readonly { problems?: unknown }[] }>(
        `configz?kind=Gateway&name=${name}`,
      );
      return JSON.stringify(configs.map(({ problems }) => problems));
    };
    await eventually(
      () => problemsOf('late'),
      (text) => text.includes(`there is no Secret ${GATEWAYS}/late that is in force`),
    );
    // Its listener is there, and answers to nobody.
    await eventually(
      () => syncOf('ingress-0.istio-system'),
      ({ types }) => Object.values(types).every(({ status }) => status === 'SYNCED' || status === 'IGNORED'),
    );
    expect((await send(world, secured('late', 9605)))[0]?.status).toBe(0);
    world.write('late-secret.yaml', tlsSecret(folder, [GATEWAYS, 'late'], 'one'));
    await eventually(
      async () => (await send(world, secured('late', 9605)))[0],
      (outcome) => outcome?.status === 200,
    );
    expect(await problemsOf('late')).not.toContain('Secret');
  });

  test('are refused to who comes over the port in plain text, whose other servers work', async () => {
    const [open] = await send(world, { via: 'gateway', to: '127.0.0.1:9604', host: 'plain-http.test' });
    expect(open).toMatchObject({ status: 200 });
    expect(await send(world, secured('plain', 9603))).toMatchObject([{ status: 0 }]);
    expect(await send(world, secured('east', 9602))).toMatchObject([{ status: 200 }]);
    expect((await syncOf('plain-0.istio-system')).types['sds']).toMatchObject({
      status: 'NOT SENT',
      reason: expect.stringContaining('--grpc-addr unix:///PATH'),
    });
    const status = JSON.stringify(await world.debug('push_status'));
    expect(status).toContain('kubernetes://east is served only over a Unix domain socket');
    await expect.poll(() => world.log('controller')).toContain('Secrets are not served here');
  });

  test('have keys that nobody is shown, and that are not written down', async () => {
    const secrets = ['one', 'two', 'client', 'both-rsa', 'both-ec'].flatMap((name) => {
      const pem = readFileSync(join(folder, `${name}.key`), 'utf8');
      const lines = pem.split('\n').filter((line) => line.length > 40 && !line.startsWith('-----'));
      return [...lines, Buffer.from(pem).toString('base64').slice(60, 120)];
    });
    expect(secrets.length).toBeGreaterThan(10);
    const pages = ['configz', 'push_status', 'adsz', 'syncz'].map((page) => `/debug/${page}`);
    const dumps = ['ingress-0.istio-system', 'client-0.shop'].map((id) => `/debug/config_dump?proxyID=${id}`);
    const said: Record<string, string> = {};
    for (const path of [...pages, ...dumps])
      said[path] = (await world.send({ to: '127.0.0.1:8081', path })).text;
    for (const { name, ports } of [INGRESS, CLIENT]) {
      said[`dump of ${name}`] = (
        await world.send({ to: `127.0.0.1:${ports}000`, path: '/config_dump' })
      ).text;
      said[`log of ${name}`] = world.log(name);
      for (const file of filesIn(join(world.folder, name))) said[file] = readFileSync(file, 'latin1');
    }
    said['log of the controller'] = world.log('controller');
    for (const [place, text] of Object.entries(said)) {
      for (const secret of secrets) expect(text.includes(secret), place).toBe(false);
    }
    const lost = JSON.stringify(secretsIn(said['dump of ingress-0'] ?? '', 'dynamic_warming_secrets'));
    expect(lost).toContain('"kubernetes://c-lost"');
    expect(lost).not.toContain('"kubernetes://c-simple"');
    const certificates = (await world.send({ to: `127.0.0.1:${INGRESS.ports}000`, path: '/certs' })).text;
    for (const name of ['one.example', 'rsa.example', 'client.example']) expect(certificates).toContain(name);
    // That they are there is shown, with their certificates.
    for (const place of ['/debug/config_dump?proxyID=ingress-0.istio-system', 'dump of ingress-0']) {
      expect(said[place]).toContain('SecretsConfigDump');
      expect(said[place]).toContain('kubernetes://c-simple');
      expect(said[place]).toContain(Buffer.from(readFileSync(join(folder, 'one.crt'))).toString('base64'));
    }
  });

  test('are served on as long as the controller runs, whose socket goes with it', async () => {
    expect(existsSync(socket)).toBe(true);
    await world.stop('controller');
    expect(existsSync(socket)).toBe(false);
    expect(await send(world, secured('c-simple', 9501))).toMatchObject([{ status: 200 }]);
  });
});

/** A list of the secrets in a proxy's dump. */
function secretsIn(dump: string, list: string): unknown {
  const { configs } = JSON.parse(dump) as { configs: readonly Record<string, unknown>[] };
  return configs.flatMap((section) => section[list] ?? []);
}

/** All files below a folder. */
function filesIn(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));
}
