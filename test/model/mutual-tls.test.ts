/** Which policy and which rule decide about mutual TLS, and whether they fit: from objects to rows. */

import { describe, expect, test } from 'vitest';
import { type MutualTlsRow, mutualTlsRows } from '../../src/model/mutual-tls.ts';
import { snapshotOf } from './snapshot-of.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec:
  selector: {app: fruits}
  ports:
  - {name: http, port: 80, targetPort: web}
  - {name: tcp-db, port: 90, targetPort: 9090}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fruits-v1, namespace: shop}
spec:
  template:
    metadata: {labels: {app: fruits, version: v1}}
    spec: {containers: [{name: main, ports: [{name: web, containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fruits-v2, namespace: shop}
spec:
  template:
    metadata: {labels: {app: fruits, version: v2}}
    spec: {containers: [{name: main, ports: [{name: web, containerPort: 8080}]}]}
`;

const CLIENT = { namespace: 'cafe', labels: { app: 'waiter' } };

/** Objects in short: one flow mapping each. */
const peer = (namespace: string, name: string, spec: string): string =>
  `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {namespace: ${namespace}, name: ${name}}, spec: ${spec}}`;
const policy = (namespace: string, name: string, spec: string): string =>
  `{apiVersion: authentication.istio.io/v1alpha1, kind: Policy, metadata: {namespace: ${namespace}, name: ${name}}, spec: ${spec}}`;
const meshPolicy = (spec: string): string =>
  `{apiVersion: authentication.istio.io/v1alpha1, kind: MeshPolicy, metadata: {name: default}, spec: ${spec}}`;
const rule = (namespace: string, name: string, spec: string): string =>
  `{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {namespace: ${namespace}, name: ${name}}, spec: ${spec}}`;

const mode = (word: string): string => `{mtls: {mode: ${word}}}`;
const STRICT = mode('STRICT');
const ISTIO_MUTUAL = rule(
  'istio-system',
  'all',
  "{host: '*.local', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}",
);

function rowsOf(objects: readonly string[], auto = false): readonly MutualTlsRow[] {
  const text = [SERVICE, ...objects].join('\n---\n');
  return mutualTlsRows(snapshotOf(text, { enableAutoMtls: auto }), CLIENT);
}

/** `HOST:PORT STATUS SERVER CLIENT POLICY RULE`, of the first row of port 80 unless another is named. */
function told(objects: readonly string[], auto = false, port = 80, subset?: string): string {
  return rowsOf(objects, auto)
    .filter((row) => row.port === port && row.subset === subset)
    .map(({ status, server, client = '-', policy: from, rule: by }) =>
      [
        status,
        server,
        client,
        from === undefined ? '-' : `${from.kind}/${from.meta.name}`,
        by?.name ?? '-',
      ].join(' '),
    )
    .join(', ');
}

describe('what server and client say is', () => {
  test.for([
    // server, client, without auto mTLS, with it
    ['DISABLE', '-', 'OK', 'AUTO'],
    ['DISABLE', 'DISABLE', 'OK', 'OK'],
    ['DISABLE', 'ISTIO_MUTUAL', 'CONFLICT', 'CONFLICT'],
    ['DISABLE', 'SIMPLE', 'CONFLICT', 'CONFLICT'],
    ['DISABLE', 'MUTUAL', 'CONFLICT', 'CONFLICT'],
    ['PERMISSIVE', '-', 'OK', 'AUTO'],
    ['PERMISSIVE', 'DISABLE', 'OK', 'OK'],
    ['PERMISSIVE', 'ISTIO_MUTUAL', 'OK', 'OK'],
    ['PERMISSIVE', 'SIMPLE', 'CONFLICT', 'CONFLICT'],
    ['PERMISSIVE', 'MUTUAL', 'CONFLICT', 'CONFLICT'],
    ['STRICT', '-', 'CONFLICT', 'AUTO'],
    ['STRICT', 'DISABLE', 'CONFLICT', 'CONFLICT'],
    ['STRICT', 'ISTIO_MUTUAL', 'OK', 'OK'],
    ['STRICT', 'SIMPLE', 'CONFLICT', 'CONFLICT'],
    ['STRICT', 'MUTUAL', 'CONFLICT', 'CONFLICT'],
  ] as const)('%s and %s: %s without auto mTLS, %s with it', ([server, client, without, withAuto]) => {
    const objects = [
      peer('istio-system', 'default', mode(server)),
      ...(client === '-'
        ? []
        : [rule('shop', 'tls', `{host: fruits, trafficPolicy: {tls: {mode: ${client}}}}`)]),
    ];
    const by = client === '-' ? '-' : 'tls';
    const rest = `${server} ${client} PeerAuthentication/default ${by}`;
    expect(told(objects)).toBe(`${without} ${rest}`);
    expect(told(objects, true)).toBe(`${withAuto} ${rest}`);
  });
});

describe('the policy that decides for the server is', () => {
  const legacy = (peers: string, rest = ''): string => `{peers: ${peers}${rest}}`;
  const target = (more = ''): string => `, targets: [{name: fruits${more}}]`;
  test.for<[string, readonly string[], string]>([
    ['none: both are accepted', [], 'PERMISSIVE - -'],
    ["the mesh's", [peer('istio-system', 'default', STRICT)], 'STRICT - PeerAuthentication/default'],
    [
      "the namespace's before the mesh's",
      [peer('istio-system', 'default', STRICT), peer('shop', 'ns', mode('DISABLE'))],
      'DISABLE - PeerAuthentication/ns',
    ],
    [
      'none of another namespace',
      [
        peer('farm', 'ns', STRICT),
        peer('farm', 'own', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}}'),
      ],
      'PERMISSIVE - -',
    ],
    [
      "the workload's before the namespace's",
      [
        peer('shop', 'ns', mode('DISABLE')),
        peer('shop', 'own', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}}'),
      ],
      'STRICT - PeerAuthentication/own',
    ],
    [
      'none with a selector in the root namespace',
      [peer('istio-system', 'own', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}}')],
      'PERMISSIVE - -',
    ],
    [
      'the wider one where the nearer says nothing',
      [
        peer('istio-system', 'default', STRICT),
        peer('shop', 'ns', '{}'),
        peer('shop', 'own', '{selector: {matchLabels: {app: fruits}}, mtls: {mode: UNSET}}'),
      ],
      'STRICT - PeerAuthentication/default',
    ],
    [
      "that of the container's port, which a name leads to",
      [
        peer(
          'shop',
          'own',
          '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}}',
        ),
      ],
      'DISABLE - PeerAuthentication/own',
    ],
    [
      "not that of the Service's port, which the workload does not know",
      [
        peer(
          'shop',
          'own',
          '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: DISABLE}}}',
        ),
      ],
      'STRICT - PeerAuthentication/own',
    ],
    [
      'the whole one where the port says nothing',
      [
        peer(
          'shop',
          'own',
          '{selector: {matchLabels: {app: fruits}}, mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: UNSET}}}',
        ),
      ],
      'STRICT - PeerAuthentication/own',
    ],
    [
      'the oldest of several',
      [
        peer('shop', 'b', STRICT).replace('name: b', "name: b, creationTimestamp: '2020-01-02T00:00:00Z'"),
        peer('shop', 'a', mode('DISABLE')).replace(
          'name: a',
          "name: a, creationTimestamp: '2020-01-03T00:00:00Z'",
        ),
      ],
      'STRICT - PeerAuthentication/b',
    ],
    [
      'the MeshPolicy, strict without a word',
      [meshPolicy(legacy('[{mtls: {}}]'))],
      'STRICT - MeshPolicy/default',
    ],
    ['strict also for null', [meshPolicy(legacy('[{mtls: null}]'))], 'STRICT - MeshPolicy/default'],
    [
      'permissive where it says so',
      [meshPolicy(legacy('[{mtls: {mode: PERMISSIVE}}]'))],
      'PERMISSIVE - MeshPolicy/default',
    ],
    [
      'permissive where it lets TLS without certificates in',
      [meshPolicy(legacy('[{mtls: {allowTls: true}}]'))],
      'PERMISSIVE - MeshPolicy/default',
    ],
    ['one without peers, which turns it off', [meshPolicy('{}')], 'DISABLE - MeshPolicy/default'],
    [
      'one with tokens of peers alone, which turns it off',
      [meshPolicy(legacy('[{jwt: {issuer: a}}]'))],
      'DISABLE - MeshPolicy/default',
    ],
    [
      "the namespace's Policy before the MeshPolicy",
      [meshPolicy(legacy('[{mtls: {}}]')), policy('shop', 'default', '{}')],
      'DISABLE - Policy/default',
    ],
    [
      "the service's before the namespace's",
      [policy('shop', 'default', '{}'), policy('shop', 'own', legacy('[{mtls: {}}]', target()))],
      'STRICT - Policy/own',
    ],
    [
      "the port's by number before the service's",
      [
        policy('shop', 'own', legacy('[{mtls: {}}]', target())),
        policy('shop', 'port', legacy('[]', target(', ports: [{number: 80}]'))),
      ],
      'DISABLE - Policy/port',
    ],
    [
      "the port's by name",
      [
        policy('shop', 'own', legacy('[{mtls: {}}]', target())),
        policy('shop', 'port', legacy('[]', target(', ports: [{name: http}]'))),
      ],
      'DISABLE - Policy/port',
    ],
    [
      'none for another port',
      [policy('shop', 'port', legacy('[{mtls: {}}]', target(', ports: [{number: 90}]')))],
      'PERMISSIVE - -',
    ],
    [
      'none for another service, and none of another namespace',
      [
        policy('shop', 'other', legacy('[{mtls: {}}]', ', targets: [{name: cakes}]')),
        policy('farm', 'own', legacy('[{mtls: {}}]', target())),
      ],
      'PERMISSIVE - -',
    ],
    [
      "one with origins alone, which takes the MeshPolicy's place as a whole",
      [
        meshPolicy(legacy('[{mtls: {}}]')),
        policy('shop', 'own', '{origins: [{jwt: {issuer: a}}], targets: [{name: fruits}]}'),
      ],
      'DISABLE - Policy/own',
    ],
    [
      "today's before those of older releases, however wide it is",
      [peer('istio-system', 'default', STRICT), policy('shop', 'own', legacy('[]', target()))],
      'STRICT - PeerAuthentication/default',
    ],
    [
      "that of older releases where today's says nothing",
      [peer('istio-system', 'default', '{}'), policy('shop', 'own', legacy('[]', target()))],
      'DISABLE - Policy/own',
    ],
  ])('%s', ([, objects, expected]) => {
    const [server, , from] = expected.split(' ');
    expect(told(objects).split(' ').slice(1, 4)).toEqual([server, '-', from]);
  });

  test('another one for each of two workloads, and then there is a row for each', () => {
    const objects = [
      peer('istio-system', 'default', STRICT),
      peer('shop', 'v2', '{selector: {matchLabels: {version: v2}}, mtls: {mode: DISABLE}}'),
      ISTIO_MUTUAL,
    ];
    expect(told(objects)).toBe(
      'OK STRICT ISTIO_MUTUAL PeerAuthentication/default all, CONFLICT DISABLE ISTIO_MUTUAL PeerAuthentication/v2 all',
    );
  });
});

describe('the rule that decides for the client is', () => {
  const tls = (word: string): string => `trafficPolicy: {tls: {mode: ${word}}}`;
  test.for<[string, readonly string[], string]>([
    [
      "one of the client's own namespace before all",
      [
        rule('cafe', 'own', `{host: fruits.shop.svc.cluster.local, ${tls('SIMPLE')}}`),
        rule('shop', 'theirs', `{host: fruits, ${tls('DISABLE')}}`),
      ],
      'SIMPLE own',
    ],
    [
      "one of the service's namespace before the root's",
      [rule('shop', 'theirs', `{host: fruits, ${tls('DISABLE')}}`), ISTIO_MUTUAL],
      'DISABLE theirs',
    ],
    ["the root's for all hosts", [ISTIO_MUTUAL], 'ISTIO_MUTUAL all'],
    [
      'none that is not exported to the client',
      [rule('shop', 'theirs', `{host: fruits, exportTo: ['.'], ${tls('DISABLE')}}`)],
      '- -',
    ],
    [
      'one that names the port',
      [
        rule(
          'shop',
          'theirs',
          `{host: fruits, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}}`,
        ),
      ],
      'DISABLE theirs',
    ],
    [
      'nothing for a port whose settings leave TLS out',
      [
        rule(
          'shop',
          'theirs',
          `{host: fruits, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]}}`,
        ),
      ],
      '- theirs',
    ],
    [
      'one without TLS says nothing',
      [rule('shop', 'theirs', '{host: fruits, trafficPolicy: {loadBalancer: {simple: RANDOM}}}')],
      '- theirs',
    ],
    [
      'TLS without a mode is off',
      [rule('shop', 'theirs', '{host: fruits, trafficPolicy: {tls: {sni: a}}}')],
      'DISABLE theirs',
    ],
    [
      'one for workloads of the client',
      [
        rule(
          'cafe',
          'chosen',
          `{host: fruits.shop.svc.cluster.local, workloadSelector: {matchLabels: {app: waiter}}, ${tls('SIMPLE')}}`,
        ),
        ISTIO_MUTUAL,
      ],
      'SIMPLE chosen',
    ],
    [
      "none where the namespace's own rule is for other workloads",
      [
        rule(
          'cafe',
          'chosen',
          `{host: fruits.shop.svc.cluster.local, workloadSelector: {matchLabels: {app: cook}}, ${tls('SIMPLE')}}`,
        ),
        ISTIO_MUTUAL,
      ],
      '- -',
    ],
  ])('%s', ([, objects, expected]) => {
    const [, , client, , by] = told(objects).split(' ');
    expect(`${client} ${by}`).toBe(expected);
  });

  test('subsets have rows of their own, with their own policies and workloads', () => {
    const objects = [
      peer('istio-system', 'default', STRICT),
      peer('shop', 'v2', '{selector: {matchLabels: {version: v2}}, mtls: {mode: DISABLE}}'),
      rule(
        'shop',
        'split',
        `{host: fruits, ${tls('ISTIO_MUTUAL')}, subsets: [{name: one, labels: {version: v1}}, {name: two, labels: {version: v2}, ${tls('DISABLE')}}]}`,
      ),
    ];
    expect(told(objects, false, 80, 'one')).toBe('OK STRICT ISTIO_MUTUAL PeerAuthentication/default split');
    expect(told(objects, false, 80, 'two')).toBe('OK DISABLE DISABLE PeerAuthentication/v2 split');
  });
});

test('rows come by host and port; services outside of the mesh, and those that are not shown, are left out', () => {
  const entry = (name: string, location: string): string =>
    `{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: ${name}, namespace: shop}, spec: {hosts: [${name}.example], location: ${location}, resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}}`;
  const hidden = entry('hidden', 'MESH_INTERNAL').replace('spec: {', "spec: {exportTo: ['.'], ");
  const rows = rowsOf([entry('outside', 'MESH_EXTERNAL'), entry('inside', 'MESH_INTERNAL'), hidden]);
  expect(rows.map(({ host, port }) => `${host}:${port}`)).toEqual([
    'fruits.shop.svc.cluster.local:80',
    'fruits.shop.svc.cluster.local:90',
    'inside.example:443',
  ]);
});
