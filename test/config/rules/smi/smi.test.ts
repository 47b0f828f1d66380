import { describe, expect, it } from 'vitest';
import { errorsOf, findingsOf, warningsOf } from '../mixer/findings.ts';

const GROUPS: Readonly<Record<string, string>> = {
  TrafficSplit: 'split',
  TrafficTarget: 'access',
  HTTPRouteGroup: 'specs',
  TCPRoute: 'specs',
  UDPRoute: 'specs',
};

const object = (kind: string, version: string, fields: string): string =>
  `{apiVersion: ${GROUPS[kind]}.smi-spec.io/${version}, kind: ${kind}, metadata: {name: x}${fields === '' ? '' : `, ${fields}`}}`;

const WHO =
  'destination: {kind: ServiceAccount, name: a, namespace: b}, sources: [{kind: ServiceAccount, name: c}]';

describe('a sound object gives no finding', () => {
  it.each([
    [
      'TrafficSplit',
      'v1alpha1',
      'spec: {service: web, backends: [{service: a, weight: 10m}, {service: b, weight: 1.5}, {service: c, weight: 1}]}',
    ],
    [
      'TrafficSplit',
      'v1alpha2',
      'spec: {service: web.default.svc.cluster.local, backends: [{service: a, weight: 50}]}',
    ],
    [
      'TrafficSplit',
      'v1alpha3',
      'spec: {service: web, backends: [{service: a, weight: 1}], matches: [{kind: HTTPRouteGroup, name: b}]}',
    ],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: a, weight: 0}, {service: b, weight: 100}]}',
    ],
    [
      'TrafficTarget',
      'v1alpha1',
      `${WHO.replace('namespace: b', 'port: 8080')}, specs: [{kind: HTTPRouteGroup, name: r, matches: [m]}]`,
    ],
    [
      'TrafficTarget',
      'v1alpha1',
      `${WHO.replace('namespace: b', 'port: "8080"')}, specs: [{kind: TCPRoute, name: r}]`,
    ],
    ['TrafficTarget', 'v1alpha2', `spec: {${WHO}, rules: [{kind: TCPRoute, name: r}]}`],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO}, rules: [{kind: UDPRoute, name: r}, {kind: HTTPRouteGroup, name: r}]}`,
    ],
    [
      'HTTPRouteGroup',
      'v1alpha1',
      'matches: [{name: a, pathRegex: "/metrics", methods: [GET]}, {name: b, pathRegex: ".*", methods: ["*"]}]',
    ],
    ['HTTPRouteGroup', 'v1alpha2', 'matches: [{name: a, headers: {user-agent: ".*Firefox.*"}}]'],
    [
      'HTTPRouteGroup',
      'v1alpha3',
      'spec: {matches: [{name: a, headers: {cookie: "^(.*?;)?(type=insider)(;.*)?$"}}]}',
    ],
    ['HTTPRouteGroup', 'v1alpha4', 'spec: {matches: [{name: a, headers: [{user-agent: a}, {cookie: b}]}]}'],
    ['TCPRoute', 'v1alpha1', ''],
    ['TCPRoute', 'v1alpha3', 'spec: {}'],
    ['TCPRoute', 'v1alpha4', 'spec: {matches: {ports: [3306, 6446]}}'],
    ['UDPRoute', 'v1alpha4', 'spec: {matches: {ports: []}}'],
  ])('%s %s %s', async (kind, version, fields) => {
    expect(await findingsOf(object(kind, version, fields))).toEqual([]);
  });
});

describe('a fault is an error at its field', () => {
  it.each([
    [
      'TrafficSplit',
      'v1alpha1',
      'spec: {service: web, backends: [{service: a, weight: ten}]}',
      'spec.backends[0].weight',
    ],
    [
      'TrafficSplit',
      'v1alpha1',
      'spec: {service: web, backends: [{service: a, weight: [1]}]}',
      'spec.backends[0].weight',
    ],
    [
      'TrafficSplit',
      'v1alpha1',
      'spec: {service: web, backends: [{service: a, weight: -1m}]}',
      'spec.backends[0].weight',
    ],
    [
      'TrafficSplit',
      'v1alpha2',
      'spec: {service: web, backends: [{service: a, weight: 10m}]}',
      'spec.backends[0].weight',
    ],
    [
      'TrafficSplit',
      'v1alpha2',
      'spec: {service: web, backends: [{service: a, weight: 1.5}]}',
      'spec.backends[0].weight',
    ],
    [
      'TrafficSplit',
      'v1alpha2',
      'spec: {service: web, backends: [{service: a, weight: 1}], matches: []}',
      'spec.matches',
    ],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: a, weight: -1}]}',
      'spec.backends[0].weight',
    ],
    ['TrafficSplit', 'v1alpha4', 'spec: {service: web, backends: [{service: a}]}', 'spec.backends[0].weight'],
    ['TrafficSplit', 'v1alpha4', 'spec: {backends: [{service: a, weight: 1}]}', 'spec.service'],
    ['TrafficSplit', 'v1alpha4', 'spec: {service: web}', 'spec.backends'],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: "a..b", backends: [{service: a, weight: 1}]}',
      'spec.service',
    ],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: a.b.svc, weight: 1}]}',
      'spec.backends[0].service',
    ],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: a, weight: 1}], matches: [{kind: TCPRoute, name: b}]}',
      'spec.matches[0].kind',
    ],
    [
      'TrafficTarget',
      'v1alpha1',
      `${WHO.replace('namespace: b', 'port: 80800')}, specs: [{kind: TCPRoute, name: r}]`,
      'destination.port',
    ],
    ['TrafficTarget', 'v1alpha1', `${WHO}, rules: [{kind: TCPRoute, name: r}], specs: []`, 'rules'],
    ['TrafficTarget', 'v1alpha2', `spec: {${WHO}, rules: [{kind: UDPRoute, name: r}]}`, 'spec.rules[0].kind'],
    [
      'TrafficTarget',
      'v1alpha2',
      `spec: {${WHO.replace('namespace: b', 'port: 0')}, rules: [{kind: TCPRoute, name: r}]}`,
      'spec.destination.port',
    ],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO.replace('namespace: b', 'port: 80')}, rules: [{kind: TCPRoute, name: r}]}`,
      'spec.destination.port',
    ],
    ['TrafficTarget', 'v1alpha3', `spec: {${WHO}, rules: []}`, 'spec.rules'],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO.replace('namespace: b', 'namespace: B_')}, rules: [{kind: TCPRoute, name: r}]}`,
      'spec.destination.namespace',
    ],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO.replace('ServiceAccount, name: c', 'User, name: c')}, rules: [{kind: TCPRoute, name: r}]}`,
      'spec.sources[0].kind',
    ],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO.replace('name: c', 'name: "c d"')}, rules: [{kind: TCPRoute, name: r}]}`,
      'spec.sources[0].name',
    ],
    ['HTTPRouteGroup', 'v1alpha1', 'matches: [{name: a, pathRegex: "/a["}]', 'matches[0].pathRegex'],
    [
      'HTTPRouteGroup',
      'v1alpha4',
      'spec: {matches: [{name: a, methods: [get]}]}',
      'spec.matches[0].methods[0]',
    ],
    ['HTTPRouteGroup', 'v1alpha4', 'spec: {matches: [{pathRegex: a}]}', 'spec.matches[0].name'],
    ['HTTPRouteGroup', 'v1alpha4', 'spec: {matches: [{name: a}, {name: a}]}', 'spec.matches[1].name'],
    [
      'HTTPRouteGroup',
      'v1alpha4',
      'spec: {matches: [{name: a, headers: {x: "("}}]}',
      'spec.matches[0].headers.x',
    ],
    [
      'HTTPRouteGroup',
      'v1alpha4',
      'spec: {matches: [{name: a, headers: {x: 1}}]}',
      'spec.matches[0].headers.x',
    ],
    [
      'HTTPRouteGroup',
      'v1alpha4',
      'spec: {matches: [{name: a, headers: {"x y": a}}]}',
      'spec.matches[0].headers["x y"]',
    ],
    [
      'HTTPRouteGroup',
      'v1alpha4',
      'spec: {matches: [{name: a, headers: [a]}]}',
      'spec.matches[0].headers[0]',
    ],
    ['HTTPRouteGroup', 'v1alpha4', 'spec: {matches: [{name: a, headers: a}]}', 'spec.matches[0].headers'],
    ['HTTPRouteGroup', 'v1alpha4', 'matches: [{name: a}], spec: {matches: []}', 'matches'],
    ['TCPRoute', 'v1alpha1', 'spec: {}', 'spec'],
    ['TCPRoute', 'v1alpha3', 'spec: {matches: {ports: [1]}}', 'spec.matches'],
    ['TCPRoute', 'v1alpha4', 'spec: {matches: {ports: [70000]}}', 'spec.matches.ports[0]'],
    ['UDPRoute', 'v1alpha4', 'spec: {}', 'spec.matches'],
    ['UDPRoute', 'v1alpha3', 'spec: {matches: {ports: []}}', 'apiVersion'],
  ])('%s %s %s: %s', async (kind, version, fields, path) => {
    expect(await errorsOf(object(kind, version, fields))).toEqual([path]);
  });
});

describe('what has no effect, or an odd one, is a warning', () => {
  it.each([
    ['TrafficSplit', 'v1alpha4', 'spec: {service: web, backends: []}', 'spec.backends'],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: a, weight: 0}]}',
      'spec.backends',
    ],
    [
      'TrafficSplit',
      'v1alpha1',
      'spec: {service: web, backends: [{service: a, weight: 0m}]}',
      'spec.backends',
    ],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: web, weight: 1}]}',
      'spec.backends[0].service',
    ],
    [
      'TrafficSplit',
      'v1alpha4',
      'spec: {service: web, backends: [{service: a, weight: 1}, {service: a, weight: 1}]}',
      'spec.backends[1].service',
    ],
    [
      'TrafficTarget',
      'v1alpha2',
      `spec: {${WHO.replace(/sources.*/, 'sources: []')}, rules: []}`,
      'spec.sources',
    ],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO}, rules: [{kind: TCPRoute, name: r, matches: [m]}]}`,
      'spec.rules[0].matches',
    ],
    [
      'TrafficTarget',
      'v1alpha3',
      `spec: {${WHO}, rules: [{kind: TCPRoute, name: r}, {kind: TCPRoute, name: r}]}`,
      'spec.rules[1]',
    ],
    [
      'HTTPRouteGroup',
      'v1alpha4',
      'spec: {matches: [{name: a, methods: [GET, "*"]}]}',
      'spec.matches[0].methods',
    ],
    ['UDPRoute', 'v1alpha4', 'spec: {matches: {ports: [53, 53]}}', 'spec.matches.ports[1]'],
  ])('%s %s %s: %s', async (kind, version, fields, path) => {
    expect(await warningsOf(object(kind, version, fields))).toEqual([path]);
    expect(await errorsOf(object(kind, version, fields))).toEqual([]);
  });
});
