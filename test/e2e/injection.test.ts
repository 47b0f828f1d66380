/** What kube-inject makes, on a real API server: all of it is accepted, dry and for good. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { compareObjects } from '../../src/install/diff.ts';
import { runMesh } from '../cli/run-mesh.ts';
import { tempFolder } from '../cli/temp-folder.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  metadataOf,
  type NamedObject,
  placed,
} from './on-real-server.ts';
import { hasShared } from '../conformance/cases.ts';

const suite = fileURLToPath(new URL('../../../shared/conformance/inject', import.meta.url));

interface Case {
  readonly id: string;
  readonly file: string;
  readonly refused?: string;
}

/** Kinds of OpenShift, which has an API server of its own: Kubernetes' knows nothing of them. */
const NOT_KUBERNETES = new Set(['DeploymentConfig']);

/** What Kubernetes itself refuses in an input, sidecar or not, and what is put in its place before injection. */
const MENDED: Readonly<Record<string, readonly [text: string, instead: string, reason: string]>> = {
  'inject.status-annotations': ['statusPort', 'status-port', 'names have no capital letters'],
  'inject.status-params': ['statusPort', 'status-port', 'names have no capital letters'],
  'inject.user-volume': ['"/some-path"', '"some-path"', 'the path of an item in a volume is relative'],
};

function inputOf({ id, file }: Case): string {
  const text = readFileSync(join(suite, file), 'utf8');
  const [wrong, instead] = MENDED[id] ?? [];
  return wrong === undefined || instead === undefined ? text : text.replaceAll(wrong, instead);
}

/** The objects of a text, in a namespace of the case's own: most of them have the same name. */
function objectsOf(text: string, { id, file }: Case, namespace: string): readonly NamedObject[] {
  const { objects, problems } = parseText(text, file, { strictFiles: true });
  if (problems.length > 0) throw new Error(`${id}: ${problems[0]?.message}`);
  return objects
    .filter(({ kind }) => !NOT_KUBERNETES.has(kind))
    .map(({ value, kind, meta }) => ({
      id: `${id} ${kind} ${meta.name}`,
      object: placed(value, namespace),
    }));
}

const podSpecOf = ({ spec }: Fields): Fields => {
  const { template } = spec as { readonly template?: { readonly spec: Fields } };
  return template === undefined ? (spec as Fields) : template.spec;
};

function hasInit(object: Fields, name: string): boolean {
  return ((podSpecOf(object).initContainers ?? []) as readonly Named[]).some((one) => one.name === name);
}

/** The injected objects of all cases, each case in its namespace, which starts with `prefix`. */
async function injectAll(
  cases: readonly Case[],
  prefix: string,
  ...flags: readonly string[]
): Promise<readonly NamedObject[]> {
  const injected: NamedObject[] = [];
  for (const [index, one] of cases.entries()) {
    const stdin = inputOf(one);
    const { code, stdout, stderr } = await runMesh(['kube-inject', ...flags, '-f', '-'], { stdin });
    expect(code, `${one.id}: ${stderr}`).toBe(0);
    injected.push(...objectsOf(stdout, one, `${prefix}-${index}`));
  }
  return injected;
}

if (existsSync(suite)) {
  const cases = (JSON.parse(readFileSync(join(suite, 'cases.json'), 'utf8')) as Case[]).filter(
    ({ refused }) => refused === undefined,
  );

  describeOnRealServer('what kube-inject makes of the conformance suite', (server) => {
    let injected: readonly NamedObject[] = [];

    beforeAll(async () => {
      for (const prefix of ['case', 'native', 'plugin']) {
        makeNamespaces(
          server(),
          cases.map((_one, index) => `${prefix}-${index}`),
        );
      }
      injected = await injectAll(cases, 'case');
    });

    test('has sidecars, so that there is something to judge', () => {
      const names = injected.map(({ object }) => JSON.stringify(podSpecOf(object)));
      expect(names.filter((spec) => spec.includes('"istio-proxy"')).length).toBeGreaterThan(40);
    });

    test('is accepted when applied dry, under the strictest validation of fields', () => {
      expect(apply(server(), injected, '--dry-run=server')).toEqual([]);
    });

    test('is accepted when applied, and mesh diff sees no more in it than the server was given', () => {
      expect(apply(server(), injected)).toEqual([]);
      const kinds = 'deployments,daemonsets,jobs,cronjobs,replicationcontrollers,services';
      const { stdout } = server().kubectl(['get', kinds, '-A', '-o', 'json']);
      const live = (JSON.parse(stdout) as { readonly items: readonly Fields[] }).items;
      const own = live.filter((object) => String(metadataOf(object).namespace).startsWith('case-'));
      const applied = injected
        .map(({ object }) => object)
        // The server puts a volume with a token into each pod.
        .filter(({ kind }) => kind !== 'Pod');
      expect(own).toHaveLength(applied.length);
      expect(compareObjects(applied, own).differences).toEqual([]);
    });

    test('is accepted as native sidecars, which stand among the init containers', async () => {
      const native = await injectAll(cases, 'native', '--native-sidecar');
      expect(native.filter(({ object }) => hasInit(object, 'istio-proxy')).length).toBeGreaterThan(40);
      expect(apply(server(), native, '--dry-run=server')).toEqual([]);
    });

    test('is accepted without istio-init, where a node plugin does its work', async () => {
      const folder = tempFolder({ 'values.yaml': 'pilot: {cni: {enabled: true}}\n' });
      const others = await injectAll(cases, 'plugin', '--valuesFile', `${folder}/values.yaml`);
      expect(others.filter(({ object }) => hasInit(object, 'istio-validation')).length).toBeGreaterThan(40);
      expect(apply(server(), others, '--dry-run=server')).toEqual([]);
    });

    test('an object with a misspelt field would be refused', () => {
      const [one] = injected;
      if (one === undefined) throw new Error('There are no cases.');
      const wrong = { ...one, object: { ...one.object, specc: {} } };
      expect(apply(server(), [wrong], '--dry-run=server')).toEqual([expect.stringContaining('specc')]);
    });
  });
}

/** Kinds that no case of the suite has. */
const OTHER_KINDS = `apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: other-kinds}
    spec:
      serviceName: db
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec:
          containers:
            - {name: db, image: "db:1", readinessProbe: {httpGet: {path: /ready, port: 80}}}
  - apiVersion: apps/v1
    kind: ReplicaSet
    metadata: {name: db, namespace: other-kinds}
    spec:
      selector: {matchLabels: {app: db}}
      template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: db, namespace: other-kinds}
spec:
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
`;

const book = fileURLToPath(
  new URL('../../../shared/book-policies/Chapter 3/juice-shop-api-no-sidecar.yml', import.meta.url),
);

describeOnRealServer('the text that kube-inject writes', (server) => {
  /** Pipes it into kubectl, as a user does. Returns the names of containers, of each pod template. */
  const pipe = async (namespace: string, text: string): Promise<readonly (readonly string[])[]> => {
    makeNamespaces(server(), [namespace]);
    const { code, stdout, stderr } = await runMesh(['kube-inject', '-f', '-'], { stdin: text });
    expect(code, stderr).toBe(0);
    const applied = server().kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], stdout);
    expect([applied.status, applied.stderr]).toEqual([0, '']);
    const kinds = 'deployments,daemonsets,statefulsets,replicasets';
    const live = server().kubectl(['get', kinds, '-n', namespace, '-o', 'json']).stdout;
    const { items } = JSON.parse(live) as { readonly items: readonly Fields[] };
    return items.map((object) => {
      const { initContainers, containers } = podSpecOf(object);
      return [...(initContainers as readonly Named[]), ...(containers as readonly Named[])].map(
        ({ name }) => name,
      );
    });
  };

  test('for a List and for kinds of workloads that no case of the suite has is applied', async () => {
    const containers = ['istio-init', 'db', 'istio-proxy'];
    expect((await pipe('other-kinds', OTHER_KINDS)).map((names) => names.toSorted())).toEqual(
      Array.from({ length: 3 }, () => containers.toSorted()),
    );
  });

  if (hasShared('book-policies')) {
    test("for the book's Deployment without a sidecar is applied with its Namespace and Service", async () => {
      const [names] = await pipe('micro-shake-factory', readFileSync(book, 'utf8'));
      expect(names?.toSorted()).toEqual(['istio-init', 'istio-proxy', 'juice-shop-api']);
    });
  }
});

interface Named {
  readonly name: string;
}
