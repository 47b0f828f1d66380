/** The conformance cases of injection: none fails, twice is once, and the way back leads to the same bytes. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { SHARED, hasShared } from './cases.ts';

interface Case {
  readonly id: string;
  readonly file: string;
  readonly kinds: readonly string[];
  readonly hostNetwork: boolean;
  readonly injectAnnotationOrLabelFalse: boolean;
  readonly hasPodTemplate: boolean;
  readonly refused?: string;
}

const folder = path.join(SHARED, 'conformance/inject');
const cases = hasShared('conformance/inject')
  ? (JSON.parse(readFileSync(path.join(folder, 'cases.json'), 'utf8')) as readonly Case[])
  : [];
const book = path.join(SHARED, 'book-policies/Chapter 3/juice-shop-api-no-sidecar.yml');

/** Names of all containers in a text. */
function containersIn(text: string): readonly string[] {
  const walk = (value: unknown, key: string): string[] => {
    if (Array.isArray(value)) {
      const own = key.endsWith('ontainers')
        ? value.map((one) => String((one as { name: unknown }).name))
        : [];
      return [...own, ...value.flatMap((one) => walk(one, ''))];
    }
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, child]) => walk(child, name));
  };
  return loadAll(text).flatMap((document) => walk(document, ''));
}

if (cases.length === 0) {
  describe('conformance of injection', () => {
    it(`has no cases here: ${folder} does not exist`, () => expect(existsSync(folder)).toBe(false));
  });
} else {
  describe.each(cases)(
    '$id',
    ({ file, refused, hostNetwork, injectAnnotationOrLabelFalse, hasPodTemplate }) => {
      const name = path.join(folder, file);
      const text = readFileSync(name, 'utf8');

      if (refused !== undefined) {
        it('is refused with the annotation that is wrong, and nothing is printed', async () => {
          const { code, stdout, stderr } = await runMesh(['kube-inject', '-f', name]);
          expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
          expect(stderr).toMatch(/annotation traffic\.sidecar\.istio\.io\/\w+ is /);
        });
        return;
      }

      it('is injected, the same the second time, and given back to the byte', async () => {
        const { code, stdout, stderr } = await runMesh(['kube-inject', '-f', name]);
        expect(code, stderr).toBe(0);
        const again = await runMesh(['kube-inject', '-f', '-'], { stdin: stdout });
        expect(again).toMatchObject({ code: 0, stdout });
        const back = await runMesh(['experimental', 'kube-uninject', '-f', '-'], { stdin: stdout });
        expect(back).toMatchObject({ code: 0, stdout: text });
        if (!hasPodTemplate || hostNetwork || injectAnnotationOrLabelFalse) {
          expect(stdout).toBe(text);
          if (hasPodTemplate) expect(stderr).toContain('===> Skipping injection because ');
        } else expect(stdout).not.toBe(text);
      });
    },
  );
}

describe('the deployment of the book that has no sidecar yet', () => {
  if (!hasShared('book-policies')) {
    it(`is not here: ${book} does not exist`, () => expect(existsSync(book)).toBe(false));
    return;
  }
  it('gets istio-init and istio-proxy, and Namespace and Service keep their bytes', async () => {
    const { code, stdout } = await runMesh(['kube-inject', '-f', book]);
    expect(code).toBe(0);
    const [namespace, deployment, service] = readFileSync(book, 'utf8').split('---\n');
    const parts = stdout.split('---\n');
    expect([parts[0], parts[2]]).toEqual([namespace, service]);
    expect(parts).toHaveLength(3);
    expect(containersIn(parts[1] ?? '')).toEqual(
      expect.arrayContaining(['istio-init', 'istio-proxy', 'juice-shop-api']),
    );
    const kept = new Set((parts[1] ?? '').split('\n'));
    for (const line of (deployment ?? '').split('\n')) expect(kept).toContain(line);
  });
});
