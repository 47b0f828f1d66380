/** Tests against a real Kubernetes API server: a suite that starts one, and what it does with objects. */

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { ControlPlane } from '../peers/control-plane.ts';
import { startControlPlane } from '../peers/control-plane.ts';
import { findControlPlane, inCi } from '../peers/tools.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface NamedObject {
  /** What it is called when it is refused. */
  readonly id: string;
  readonly object: Fields;
}

/**
 * A suite whose tests share an API server. Where the programs are missing it is left out, and its title says so;
 * in continuous integration it fails.
 */
export function describeOnRealServer(title: string, suite: (server: () => ControlPlane) => void): void {
  const tools = findControlPlane();
  if ('missing' in tools) {
    const reason = `${title} (left out: no ${tools.missing}; see npm run peers)`;
    if (!inCi()) {
      process.stderr.write(`${reason}\n`);
      describe.skip(reason, () => test('needs a real API server', () => undefined));
      return;
    }
    test(title, () => {
      throw new Error(`There is no ${tools.missing}; npm run peers says why.`);
    });
    return;
  }
  describe(title, { timeout: 240_000 }, () => {
    let running: ControlPlane | undefined;
    beforeAll(async () => {
      running = await startControlPlane(tools);
    }, 120_000);
    afterAll(() => running?.stop(), 60_000);
    suite(() => {
      if (running === undefined) throw new Error('The API server has not been started.');
      return running;
    });
  });
}

const APPLY = ['apply', '--server-side', '--validate=strict', '-f', '-'];

/**
 * Applies the objects, all with one kubectl, and only when that fails one by one. Returns what the server said
 * of each that it refused: `id: words`.
 */
export function apply(
  plane: ControlPlane,
  objects: readonly NamedObject[],
  ...flags: readonly string[]
): readonly string[] {
  if (objects.length === 0) return [];
  const run = (some: readonly NamedObject[]): string | undefined => {
    const { status, stderr } = plane.kubectl([...APPLY, ...flags], documents(some));
    return status === 0 ? undefined : stderr.trim();
  };
  const words = run(objects);
  if (words === undefined) return [];
  const refused = objects.flatMap((one) => {
    const own = objects.length === 1 ? words : run([one]);
    return own === undefined ? [] : [`${one.id}: ${own}`];
  });
  // What one by one is accepted may still fail together, as an object that stands twice.
  return refused.length > 0 ? refused : [words];
}

function documents(objects: readonly NamedObject[]): string {
  return objects.map(({ object }) => `${JSON.stringify(object)}\n`).join('---\n');
}

/**
 * Makes namespaces with these labels, and in each the service account that a controller of Kubernetes would make:
 * no pod is let in without it.
 */
export function makeNamespaces(plane: ControlPlane, names: Iterable<string>, labels: Fields = {}): void {
  const all = [...new Set(names)];
  const namespaces = all.map((name) => ({
    id: name,
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
  }));
  const accounts = all.map((namespace) => ({
    id: namespace,
    object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } },
  }));
  const refused = apply(plane, [...namespaces, ...accounts]);
  if (refused.length > 0) throw new Error(refused.join('\n'));
}

interface Definition {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Waits until each of the definitions is Established. Returns the names of those that are not within a minute. */
export async function notEstablished(
  plane: ControlPlane,
  names: readonly string[],
): Promise<readonly string[]> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { stdout } = plane.kubectl(['get', 'customresourcedefinitions', '-o', 'json']);
    const { items } = JSON.parse(stdout) as { readonly items: readonly Definition[] };
    const established = new Set(
      items
        .filter(({ status }) =>
          status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True'),
        )
        .map(({ metadata }) => metadata.name),
    );
    const missing = names.filter((name) => !established.has(name));
    if (missing.length === 0 || Date.now() > deadline) return missing;
    await wait(200);
  }
}

/** The object's metadata, whatever is there. */
export function metadataOf(object: Fields): Fields {
  const { metadata } = object;
  return typeof metadata === 'object' && metadata !== null ? (metadata as Fields) : {};
}

/** The same object in a namespace, and under another name if one is given. */
export function placed(object: Fields, namespace: string, name?: string): Fields {
  return {
    ...object,
    metadata: { ...metadataOf(object), namespace, ...(name === undefined ? {} : { name }) },
  };
}
