/** The cases of the route matcher, asked of a real Envoy: both say the same. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RouteRequest } from '../../src/proxy/route/request.ts';
import { eventually } from '../peers/run-envoy.ts';
import { type Json, MATCHES, REDIRECTS, REWRITES } from '../proxy/route/cases.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const HTTP = 'type.googleapis.com/envoy.extensions.filters';

/** What cannot be sent over HTTP/1.1 as it stands, or is decided by chance. */
const matches = MATCHES.filter(
  ([, , { method, random, path }]) =>
    method !== 'CONNECT' && random === undefined && path?.includes('#') !== true,
).filter(([title]) => title !== 'host');

/** Each case has a host of its own. */
function virtualHosts(): Json[] {
  const host = (name: string, match: Json, action: Record<string, Json>): Json => ({
    name,
    domains: [name],
    routes: [{ match, ...action }],
  });
  return [
    ...matches.map(([, match], index) =>
      host(`m${index}.example`, match, { direct_response: { status: 200 } }),
    ),
    ...REWRITES.map(([, match, action], index) =>
      host(`w${index}.example`, match, { route: { cluster: 'backend', ...action } }),
    ),
    ...REDIRECTS.map(([, redirect], index) => host(`r${index}.example`, { prefix: '/p' }, { redirect })),
  ];
}

function bootstrap(folder: string): Json {
  const pipe = (name: string) => ({ pipe: { path: join(folder, name) } });
  const manager = {
    '@type': `${HTTP}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'cases',
    route_config: { ignore_port_in_host_matching: true, virtual_hosts: virtualHosts() },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${HTTP}.http.router.v3.Router` },
      },
    ],
  };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: pipe('backend') } }] }];
  return {
    static_resources: {
      listeners: [{ name: 'cases', address: pipe('listener'), filter_chains: [{ filters }] }],
      clusters: [
        { name: 'backend', type: 'STATIC', load_assignment: { cluster_name: 'backend', endpoints } },
      ],
    },
  };
}

describeOnRealEnvoy('routes in a real Envoy', (program) => {
  let folder = '';
  let envoy: ChildProcess | undefined;
  let backend: Server | undefined;

  function ask(
    host: string,
    over: Partial<RouteRequest>,
  ): Promise<{ answer: IncomingMessage; text: string }> {
    const { path = '/', method = 'GET', headers } = over;
    const options = {
      socketPath: join(folder, 'listener'),
      path,
      method,
      headers: ['host', host, ...[...(headers?.entries() ?? [])].flat()],
      agent: false as const,
    };
    return new Promise((resolve, reject) => {
      const call = request(options, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ answer, text })).on('error', reject);
      });
      call.on('error', reject).end();
    });
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-routes-'));
    backend = createServer((call, response) => response.end(call.url)).listen(join(folder, 'backend'));
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap(folder)));
    const flags = [
      '-c',
      file,
      '--use-dynamic-base-id',
      '--concurrency',
      '1',
      '--log-path',
      join(folder, 'log'),
    ];
    envoy = spawn(program, flags, { stdio: 'ignore' });
    await eventually(
      async () => {
        if (envoy?.exitCode !== null) throw new Error(readFileSync(join(folder, 'log'), 'utf8').slice(-2000));
        return existsSync(join(folder, 'listener')) && (await ask('none.example', {})).answer.statusCode;
      },
      (status) => status === 404,
    );
  }, 90_000);

  afterAll(async () => {
    if (envoy !== undefined && envoy.exitCode === null) {
      const ended = new Promise<void>((resolve) => envoy?.once('exit', () => resolve()));
      envoy.kill('SIGKILL');
      await ended;
    }
    backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(matches.map((one, index) => [one[0], index, one] as const))('match: %s', async (_, index, one) => {
    const [, , over, taken] = one;
    const { answer } = await ask(`m${index}.example`, over);
    expect(answer.statusCode).toBe(taken ? 200 : 404);
  });

  it.each(REWRITES.map((one, index) => [one[0], index, one] as const))(
    'rewrite: %s',
    async (_, index, [, , , path, expected]) => {
      expect((await ask(`w${index}.example`, { path })).text).toBe(expected);
    },
  );

  it.each(REDIRECTS.map((one, index) => [one[0], index, one] as const))(
    'redirect: %s',
    async (_, index, [, , { authority = 'a.example' }, location]) => {
      const own = `r${index}.example`;
      const { answer } = await ask(authority.replace('a.example', own), { path: '/p?q' });
      expect(answer.headers.location).toBe(location.replace('a.example', own));
    },
  );
});
