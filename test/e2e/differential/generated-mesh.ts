/** A mesh by chance, from a seed, and requests to it: rules of every kind, all of whose outcomes are certain. */

import type { Errand } from '../../peers/world/courier-messages.ts';
import { BACKEND_PORTS } from '../../peers/world/courier-messages.ts';

const PATHS = [
  '/',
  '/a',
  '/a/b',
  '/ab',
  '/A',
  '/api/v1/x',
  '/item/12',
  '/item/x',
  '/shop',
  '/shop/cart',
  '//a',
  '/%61',
];
const QUERIES = [
  '',
  '',
  '',
  '?page=2',
  '?page=x',
  '?debug',
  '?status=404',
  '?status=503',
  '?header=x-back:1',
];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'];
const HEADERS: readonly (readonly [string, string])[] = [
  ['version', '2'],
  ['version', '22'],
  ['user', 'ann'],
  ['cookie', 'a=1; user=ann'],
  ['origin', 'https://a.example'],
  ['x-forwarded-for', '1.2.3.4'],
  ['x-request-id', '5d1c9b9e-1111-4222-8333-444444444444'],
  ['user-agent', 'generated'],
  ['content-type', 'text/plain'],
  ['te', 'trailers'],
  ['x-old', 'here'],
];

type Random = () => number;

/** One of several, and other small choices. */
function chances(random: Random) {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const some = <Item>(items: readonly Item[], most: number): Item[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => one(items));
  return { one, some, maybe: (share: number): boolean => random() < share };
}

const MATCHES: readonly object[] = [
  { uri: { exact: '/a' } },
  { uri: { prefix: '/a' } },
  { uri: { prefix: '/shop' } },
  { uri: { prefix: '/SHOP' }, ignoreUriCase: true },
  { uri: { regex: '/item/[0-9]+' } },
  { uri: { exact: '/' } },
  { headers: { version: { exact: '2' } } },
  { headers: { version: { prefix: '2' } } },
  { headers: { cookie: { regex: '^(.*; )?user=ann(;.*)?$' } } },
  { headers: { 'x-old': {} } },
  { withoutHeaders: { user: { exact: 'ann' } }, uri: { prefix: '/api' } },
  { method: { exact: 'POST' } },
  { method: { regex: 'PUT|DELETE' } },
  { queryParams: { page: { exact: '2' } } },
  { queryParams: { page: { regex: '[a-z]+' } } },
  { gateways: ['front'], uri: { prefix: '/item' } },
  { gateways: ['mesh'], uri: { prefix: '/item' } },
  { sourceLabels: { app: 'client' }, uri: { prefix: '/ab' } },
  { authority: { prefix: 'g' }, uri: { exact: '/ab' } },
];

/** Each has one endpoint. */
const DESTINATIONS: readonly object[] = [
  ...['web', 'api'].flatMap((host) => ['v1', 'v2'].map((subset) => ({ host, subset }))),
  { host: 'rpc', port: { number: 80 } },
  { host: 'nuts.other.svc.cluster.local' },
  { host: 'told', port: { number: 7071 } },
  { host: 'nobody.shop.svc.cluster.local' },
];

const HEADER_CHANGES: readonly object[] = [
  { request: { set: { 'x-set': 'by the route' } } },
  { request: { add: { version: 'added' }, remove: ['x-old'] } },
  { response: { set: { 'x-answer': 'set' }, remove: ['content-type'] } },
  { response: { add: { 'x-back': '2' } } },
  { request: { set: { host: 'other.example' } } },
];

const ACTIONS: readonly object[] = [
  { redirect: { uri: '/new', authority: 'other.example' } },
  { redirect: { redirectCode: 308, scheme: 'https' } },
  { redirect: { uri: '/port', port: 8443 } },
  { directResponse: { status: 202, body: { string: 'said' } } },
  { directResponse: { status: 503 } },
];

const REWRITES: readonly object[] = [
  { uri: '/' },
  { uri: '/rewritten' },
  { authority: 'written.example' },
  { uriRegexRewrite: { match: '/item/([0-9]+)', rewrite: '/i/\\1' } },
];

const CORS = {
  allowOrigins: [{ exact: 'https://a.example' }],
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['x-old'],
  exposeHeaders: ['x-answer'],
  maxAge: '1h',
  allowCredentials: true,
};

function route(random: Random, name: string): object {
  const { one, some, maybe } = chances(random);
  const match = some(MATCHES, 2);
  const common = {
    name,
    ...(match.length > 0 && { match }),
    ...(maybe(0.2) && { headers: one(HEADER_CHANGES) }),
    ...(maybe(0.1) && { corsPolicy: CORS }),
  };
  if (maybe(0.25)) return { ...common, ...one(ACTIONS) };
  return {
    ...common,
    route: [{ destination: one(DESTINATIONS), ...(maybe(0.2) && { headers: one(HEADER_CHANGES) }) }],
    ...(maybe(0.3) && { rewrite: one(REWRITES) }),
    ...(maybe(0.3) && { retries: { attempts: 2, retryOn: one(['5xx', 'gateway-error', 'retriable-4xx']) } }),
    ...(maybe(0.2) && { timeout: '10s' }),
    ...(maybe(0.1) && { fault: { abort: { httpStatus: one([418, 503]), percentage: { value: 100 } } } }),
    ...(maybe(0.1) && { fault: { delay: { fixedDelay: '0.01s', percentage: { value: 100 } } } }),
  };
}

const POLICIES: readonly object[] = [
  { loadBalancer: { simple: 'ROUND_ROBIN' } },
  { loadBalancer: { consistentHash: { httpHeaderName: 'user' } } },
  { connectionPool: { http: { maxRequestsPerConnection: 1 } } },
  { connectionPool: { tcp: { connectTimeout: '2s' }, http: { idleTimeout: '30s' } } },
  { outlierDetection: { consecutive5xxErrors: 50, interval: '60s' } },
];

/** How a server beyond the mesh is spoken to. */
const SERVERS: readonly (readonly [targetPort: number, policy: object])[] = [
  [BACKEND_PORTS.http, {}],
  [BACKEND_PORTS.http2, { connectionPool: { http: { h2UpgradePolicy: 'UPGRADE' } } }],
  [BACKEND_PORTS.tls, { tls: { mode: 'SIMPLE', sni: 'backend.example', insecureSkipVerify: true } }],
];

const metadata = (name: string): object => ({ name, namespace: 'shop' });
const NETWORKING = 'networking.istio.io/v1';

export interface GeneratedMesh {
  /** A list in JSON. */
  readonly manifests: string;
  /** What requests may name. */
  readonly hosts: readonly string[];
}

/** `count` hosts with routes of their own, and as many services beyond the mesh. Stands upon the shop and its gateway. */
export function generateMesh(random: Random, count: number): GeneratedMesh {
  const { one } = chances(random);
  const items: object[] = [];
  const hosts: string[] = [];
  for (let index = 0; index < count; index++) {
    const host = `g${index}.test`;
    const routes = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, number) =>
      route(random, `r${number}`),
    );
    hosts.push(host);
    items.push({
      apiVersion: NETWORKING,
      kind: 'VirtualService',
      metadata: metadata(`generated-${index}`),
      spec: { hosts: [host], gateways: ['front', 'mesh'], http: routes },
    });
    const server = `e${index}.test`;
    const [targetPort, policy] = one(SERVERS);
    const ports = [{ number: 80, name: 'http', protocol: 'HTTP', targetPort }];
    hosts.push(server);
    items.push(
      {
        apiVersion: NETWORKING,
        kind: 'ServiceEntry',
        metadata: metadata(`entry-${index}`),
        spec: { hosts: [server], resolution: 'STATIC', ports, endpoints: [{ address: '10.50.0.1' }] },
      },
      {
        apiVersion: NETWORKING,
        kind: 'DestinationRule',
        metadata: metadata(`entry-${index}`),
        spec: { host: server, trafficPolicy: { ...one(POLICIES), ...policy } },
      },
      {
        apiVersion: NETWORKING,
        kind: 'VirtualService',
        metadata: metadata(`entry-${index}`),
        spec: {
          hosts: [server],
          gateways: ['front', 'mesh'],
          http: [{ route: [{ destination: { host: server } }] }],
        },
      },
    );
  }
  return { manifests: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), hosts };
}

/** The next request, over the gateway or from a workload. */
export function generateErrand(random: Random, hosts: readonly string[]): Errand {
  const { one, some, maybe } = chances(random);
  const method = one(METHODS);
  const isOutside = maybe(0.5);
  // What nobody knows goes on to where it was going from inside, and there is nobody either.
  const others = ['G0.test', 'g1.test:80', ...(isOutside ? ['nowhere.test'] : [])];
  const host = maybe(0.05) ? one(others) : one(hosts);
  return {
    to: isOutside ? '127.0.0.1:80' : '10.96.0.1:80',
    protocol: maybe(0.3) ? 'http2' : 'http',
    method,
    path: one(PATHS) + one(QUERIES),
    headers: { ...Object.fromEntries(some(HEADERS, 4)), host },
    ...(['POST', 'PUT'].includes(method) && { body: 'b'.repeat(Math.floor(random() * one([10, 10_000]))) }),
  };
}
