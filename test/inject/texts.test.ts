/** Goldens of whole texts: `vitest run test/inject/texts.test.ts -u` renews them after a wanted change. */

import { readFileSync, readdirSync } from 'node:fs';
import { dump, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { injectText, uninjectText } from '../../src/inject/inject.ts';
import { readDocuments } from '../../src/inject/stream.ts';
import { getKey } from '../../src/inject/yaml/value.ts';
import type { Json, JsonMap } from '../../src/inject/yaml/value.ts';
import { testSettings } from './settings-for-tests.ts';

const settings = testSettings();
const folder = new URL('cases/', import.meta.url);
const cases = readdirSync(folder).toSorted();
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

/** As the API server gives an object back: keys sorted, other quotes, no comments. */
const asFromCluster = (text: string): string =>
  readDocuments(text)
    .map((value) => dump(value, { sortKeys: true, lineWidth: -1, noRefs: true }))
    .join('---\n');

describe.each(cases)('%s', (name) => {
  const text = read(name);
  const { text: injected, resources } = injectText(text, settings, name);

  it('is injected as its golden file shows', async () => {
    const report = resources.map(({ kind, name: object, outcome, reason, line }) =>
      [`# ${line}:`, kind, object, outcome, ...(reason === undefined ? [] : [reason])].join(' '),
    );
    await expect(`${report.join('\n')}\n${injected}`).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('keeps all lines that say nothing of the pod', () => {
    const lines = new Set(injected.split('\n'));
    for (const line of text.split('\n').filter((one) => /^\s*#|^kind|^\S.*replicas/.test(one))) {
      expect(lines).toContain(line);
    }
  });

  it('stays as it is when injected again', () => {
    expect(injectText(injected, settings).text).toBe(injected);
  });

  it('comes back to the byte', () => {
    expect(uninjectText(injected).text).toBe(text);
  });

  it('is known as injected when it has been through a cluster, and comes back from there with its values', () => {
    const stored = asFromCluster(injected);
    expect(injectText(stored, settings).text).toBe(stored);
    const values = (from: string): unknown =>
      readDocuments(from).map((value) => withoutHollow(value as Json));
    expect(values(uninjectText(stored).text)).toEqual(values(text));
  });
});

/** Without nulls, empty collections and the order of containers, of which the way through a cluster keeps no record. */
function withoutHollow(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutHollow).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]): [string, Json] => [key, withoutHollow(child)]);
  return Object.fromEntries(
    entries.filter(
      ([, child]) => child !== null && JSON.stringify(child) !== '{}' && JSON.stringify(child) !== '[]',
    ),
  );
}

function nameOf(value: Json): string {
  return JSON.stringify(getKey(value, 'name') ?? value);
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        image: web:1
        ports:
        - name: http
          containerPort: 80
        readinessProbe:
          httpGet:
            port: http
`;

describe('an injected text', () => {
  const injected = injectText(deployment, settings).text;

  it('gets the sidecar of another version in place of its own, and no second one', () => {
    const newer = injectText(injected, testSettings({ values: [{ global: { tag: '9.9.9' } }] }));
    expect(newer.resources).toMatchObject([{ outcome: 'updated' }]);
    expect(newer.text).toBe(injected.replaceAll('lateen/proxy:1.2.3', 'lateen/proxy:9.9.9'));
    expect(uninjectText(newer.text).text).toBe(deployment);
  });

  it('that someone changed loses the sidecar, and keeps the change and the style of the rest', () => {
    const changed = injected.replace('replicas: 1', 'replicas: 3   # more');
    expect(uninjectText(changed).text).toBe(deployment.replace('replicas: 1', 'replicas: 3   # more'));
  });

  it('that someone changed is injected anew where the sidecar depends on it', () => {
    const changed = injected.replace('containerPort: 80', 'containerPort: 81');
    const again = injectText(changed, settings);
    expect(again.resources).toMatchObject([{ outcome: 'updated' }]);
    expect(again.text).toContain('[{"name":"http","containerPort":81}]');
    expect(again.text.match(/- name: istio-proxy/g)).toHaveLength(1);
    expect(injectText(again.text, settings).text).toBe(again.text);
  });

  it('is taken for the same when the API server added its defaults', () => {
    const object = load(injected) as JsonMap & {
      spec: { template: { spec: { containers: JsonMap[]; initContainers: JsonMap[] } } };
    };
    const { spec } = object.spec.template;
    for (const container of [...spec.containers, ...spec.initContainers]) {
      container.imagePullPolicy = 'IfNotPresent';
      container.terminationMessagePath = '/dev/termination-log';
      const { ports, readinessProbe } = container as { ports?: JsonMap[]; readinessProbe?: JsonMap };
      for (const port of ports ?? []) port.protocol ??= 'TCP';
      if (readinessProbe !== undefined) {
        readinessProbe.timeoutSeconds ??= 1;
        readinessProbe.successThreshold = 1;
        (readinessProbe.httpGet as JsonMap).scheme = 'HTTP';
      }
    }
    const stored = dump(object, { sortKeys: true, lineWidth: -1 });
    expect(injectText(stored, settings)).toMatchObject({
      text: stored,
      resources: [{ outcome: 'unchanged' }],
    });
    const back = load(uninjectText(stored).text) as typeof object;
    expect(back.spec.template.spec.containers).toMatchObject([
      { name: 'web', readinessProbe: { httpGet: { port: 'http' } } },
    ]);
  });

  it('with a forged record of the way back loses the sidecar all the same', () => {
    for (const forged of [
      '{"hash":"0","length":-1,"edits":[]}',
      '{"hash":"0","length":99999999,"edits":[[0,5,"x"],[3,1,"y"]]}',
      '{"fields":[[[],1],[["spec","containers"]],[["__proto__","x"],1]]}',
      '7',
    ]) {
      const text = injected.replace(/"undo":\{.*\}\}'/, `"undo":${forged}}'`);
      expect(text).not.toBe(injected);
      expect(uninjectText(text).text).not.toContain('istio-init');
    }
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('in a list may share what another object of the list has', () => {
    const list = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: c, labels: &labels {app: web}}
- apiVersion: v1
  kind: Pod
  metadata: {name: p}
  spec:
    nodeSelector: *labels
    containers: [{name: a, image: a}]
`;
    const { text } = injectText(list, settings);
    expect(text).toContain('nodeSelector: *labels');
    expect(injectText(text, settings).text).toBe(text);
    expect(uninjectText(text).text).toBe(list);
  });

  it('tells only of text that it replaced, so that no value of the environment is written a second time', () => {
    const secret = deployment.replace(
      '        ports:',
      '        env: [{name: PASSWORD, value: hunter2}]\n        ports:',
    );
    expect(injectText(secret, settings).text.match(/hunter2/g)).toHaveLength(1);
  });
});

describe('YAML as Kubernetes reads it', () => {
  it('may close a bracket in the column of its key', () => {
    const text = deployment.replace(
      'readinessProbe:\n          httpGet:\n            port: http\n',
      'args: [\n          a,\n        ]\n',
    );
    expect(text).not.toBe(deployment);
    const { text: injected } = injectText(text, settings);
    expect(injected).toContain('args: [\n          a,\n        ]\n');
    expect(uninjectText(injected).text).toBe(text);
  });

  it.each(['y', 'No', '0777', '1_000', '2026-01-01', '1e3', '12:30:45', '~', 'null'])(
    'gets the text %s in quotes, since it would be something else without',
    (app) => {
      const labelled = deployment.replace(
        '    spec:\n      containers:',
        `    metadata: {labels: {app: '${app}'}}\n    spec:\n      containers:`,
      );
      expect(injectText(labelled, settings).text).toContain(`"service.istio.io/canonical-name": "${app}"`);
      const block = labelled.replace(
        /metadata: \{labels: .*\}\n/,
        `metadata:\n      labels:\n        app: '${app}'\n`,
      );
      expect(injectText(block, settings).text).toContain(`service.istio.io/canonical-name: "${app}"`);
    },
  );
});

describe('a text that Istio injected', () => {
  const status =
    '{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["istio-envoy","istio-data"],"imagePullSecrets":["pull"],"revision":"default"}';
  const foreign = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      annotations:
        kubectl.kubernetes.io/default-container: web
        note: mine # kept
        istio.io/rev: default
        prometheus.io/path: /stats/prometheus
        prometheus.io/port: "15020"
        prometheus.io/scrape: "true"
        sidecar.istio.io/status: '${status}'
      labels:
        app: web
        security.istio.io/tlsMode: istio
        service.istio.io/canonical-name: web
        service.istio.io/canonical-revision: latest
    spec:
      containers:
      - name: istio-proxy
        image: docker.io/istio/proxyv2:1.9.0
        args: [proxy, sidecar]
        env:
        - name: ISTIO_KUBE_APP_PROBERS
          value: '{"/app-health/web/livez":{"tcpSocket":{"port":90}},"/app-health/web/readyz":{"httpGet":{"path":"/r","port":80},"timeoutSeconds":1}}'
        - name: ISTIO_PROMETHEUS_ANNOTATIONS
          value: '{"scrape":"true","path":"/m","port":"8080"}'
      - name: web
        image: web # mine
        livenessProbe:
          httpGet:
            path: /app-health/web/livez
            port: 15020
        readinessProbe:
          httpGet:
            path: /app-health/web/readyz
            port: 15020
          periodSeconds: 4
      imagePullSecrets:
      - name: pull
      initContainers:
      - name: istio-init
        image: docker.io/istio/proxyv2:1.9.0
      securityContext:
        fsGroup: 1337
      volumes:
      - emptyDir: {}
        name: istio-envoy
      - emptyDir: {}
        name: istio-data
      - name: mine
        emptyDir: {}
`;

  it('loses all that is not its own, and gets its probes and scraping back', () => {
    expect(uninjectText(foreign).text).toBe(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      annotations:
        note: mine # kept
        prometheus.io/path: /m
        prometheus.io/port: "8080"
        prometheus.io/scrape: "true"
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: web # mine
        livenessProbe:
          tcpSocket:
            port: 90
        readinessProbe:
          httpGet:
            path: /r
            port: 80
          periodSeconds: 4
      volumes:
      - name: mine
        emptyDir: {}
`);
  });

  it('gets our sidecar in place of the other, and the other back when that is undone', () => {
    const { text } = injectText(foreign, settings);
    expect(text.match(/^ +image: .*$/gm)).toEqual([
      '        image: web # mine',
      '        image: lateen/proxy:1.2.3',
      '        image: lateen/proxy:1.2.3',
    ]);
    expect(text.match(/^ +- name: istio-(?:proxy|init)$/gm)).toHaveLength(2);
    expect(uninjectText(text).text).toBe(foreign);
    expect(injectText(text, settings).text).toBe(text);
  });

  it("keeps a proxy container that is the owner's own", () => {
    const own = deployment.replace(
      '      - name: web\n',
      '      - name: istio-proxy\n        image: auto\n      - name: web\n',
    );
    expect(uninjectText(own)).toMatchObject({
      text: own,
      resources: [{ outcome: 'skipped', reason: 'has no sidecar' }],
    });
  });
});

describe('a text that cannot be injected', () => {
  it.each([
    ['is no YAML', 'a: [1\n', /web.yaml|YAML/, { file: 'web.yaml', line: 2 }],
    [
      'has an alias to nothing',
      deployment.replace('image: web:1', 'image: *none'),
      /no anchor|unidentified alias/,
      {},
    ],
    [
      'has containers that are no list',
      deployment.replace(/containers:\n[\s\S]*/, 'containers: 7\n'),
      /spec.containers of the pod must be a list/,
      { line: 1, object: 'Deployment web' },
    ],
    [
      'has an alias in one object of a list to what changes in another',
      `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: &m {name: a}
  spec: {containers: [{name: a, image: a}]}
- apiVersion: v1
  kind: ConfigMap
  metadata: *m
`,
      /another object of the list/,
      { line: 4 },
    ],
    [
      'stands for too much',
      `a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e]\n${deployment}`,
      /more than/,
      {},
    ],
  ])('because it %s is refused with its place', (_why, text, words, where) => {
    let error: unknown;
    try {
      injectText(text, settings, 'web.yaml');
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ name: 'MeshError', message: expect.stringMatching(words), where });
  });
});
