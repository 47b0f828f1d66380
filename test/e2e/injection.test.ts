/** What kube-inject makes, on a real API server: all of it is accepted, dry and for good. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { compareObjects } from '../../src/install/diff.ts';
import { runMesh } from '../cli/run-mesh.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  metadataOf,
  type NamedObject,
  placed,
} from './on-real-server.ts';

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

if (existsSync(suite)) {
  const cases = (JSON.parse(readFileSync(join(suite, 'cases.json'), 'utf8')) as Case[]).filter(
    ({ refused }) => refused === undefined,
  );

  describeOnRealServer('what kube-inject makes of the conformance suite', (server) => {
    const injected: NamedObject[] = [];

    beforeAll(async () => {
      makeNamespaces(
        server(),
        cases.map((_one, index) => `case-${index}`),
      );
      for (const [index, one] of cases.entries()) {
        const { code, stdout, stderr } = await runMesh(['kube-inject', '-f', '-'], { stdin: inputOf(one) });
        expect(code, `${one.id}: ${stderr}`).toBe(0);
        injected.push(...objectsOf(stdout, one, `case-${index}`));
      }
    }, 120_000);

    test('has sidecars, so that there is something to judge', () => {
      const names = injected.map(({ object }) => JSON.stringify(podSpecOf(object)));
      expect(names.filter((spec) => spec.includes('"istio-proxy"')).length).toBeGreaterThan(40);
    });

    test('is accepted when applied dry, under the strictest validation of fields', () => {
      expect(apply(server(), injected, '--dry-run=server')).toEqual([]);
    }, 120_000);

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
    }, 120_000);

    test('an object with a misspelt field would be refused', () => {
      const [one] = injected;
      if (one === undefined) throw new Error('There are no cases.');
      const wrong = { ...one, object: { ...one.object, specc: {} } };
      expect(apply(server(), [wrong], '--dry-run=server')).toEqual([expect.stringContaining('specc')]);
    });
  });
}
