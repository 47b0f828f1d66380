import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { injectPod } from '../../src/inject/pod/inject-pod.ts';
import { reasonToSkip } from '../../src/inject/pod/decide.ts';
import { readPod } from '../../src/inject/pod/pod.ts';
import { MeshError } from '../../src/base/mesh-error.ts';
import { injectText, uninjectText } from '../../src/inject/inject.ts';
import { injectSettings } from '../../src/inject/sources.ts';
import { workloadOf, withTemplate, isWorkload } from '../../src/inject/workload.ts';
import type { Json, JsonMap } from '../../src/inject/yaml/value.ts';
import { manifest } from './manifest-arbitrary.ts';

const settings = injectSettings({ version: '1.2.3' });
const RUNS = { numRuns: 300 };

/** What injection makes of the values, without any text. Undefined where it refuses them. */
function expected(value: JsonMap): Json {
  if (value.kind === 'List') return { ...value, items: (value.items as JsonMap[]).map(expected) };
  const workload = isWorkload(value) ? workloadOf(value) : undefined;
  if (workload === undefined) return value;
  if (reasonToSkip(readPod(workload.template, workload.owner), settings.config) !== undefined) return value;
  return withTemplate(value, workload.path, injectPod(workload.template, workload.owner, settings).template);
}

/** Takes the status out, which only texts have. */
function withoutStatus(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutStatus);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'sidecar.istio.io/status')
      .map(([key, child]) => [key, withoutStatus(child)]),
  );
}

/** The injected text; undefined where the manifest's annotations are refused. */
function injected(text: string): string | undefined {
  try {
    return injectText(text, settings).text;
  } catch (error) {
    if (error instanceof MeshError && error.code !== 'Unsupported') return undefined;
    throw error;
  }
}

describe('injection into any manifest', () => {
  it('gives the text the values that injection has without text', () => {
    fc.assert(
      fc.property(manifest, (text) => {
        const result = injected(text);
        if (result === undefined) return;
        const documents = loadAll(text) as JsonMap[];
        expect(loadAll(result).map(withoutStatus)).toEqual(documents.map(expected));
      }),
      RUNS,
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(manifest, (text) => {
        const once = injected(text);
        if (once === undefined) return;
        expect(injectText(once, settings).text).toBe(once);
      }),
      RUNS,
    );
  });

  it('is undone to the byte', () => {
    fc.assert(
      fc.property(manifest, (text) => {
        const once = injected(text);
        if (once === undefined) return;
        expect(uninjectText(once).text).toBe(text);
      }),
      RUNS,
    );
  });
});
