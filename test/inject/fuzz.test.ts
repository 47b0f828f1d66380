/** Mutated manifests through injection and back: a MeshError at worst. MESH_FUZZ_SEED repeats a run. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../src/base/mesh-error.ts';
import { injectText, uninjectText } from '../../src/inject/inject.ts';
import { Mutator } from '../config/mutator.ts';
import { SHARED } from '../conformance/cases.ts';
import { testSettings } from './settings-for-tests.ts';

const RUNS = Number(process.env['MESH_FUZZ_RUNS'] ?? 2_000);
const seed = Number(process.env['MESH_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const settings = testSettings();

function corpus(): readonly string[] {
  const folders = [path.join(import.meta.dirname, 'cases'), path.join(SHARED, 'conformance/inject/inputs')];
  const inputs = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8')));
  const injected = inputs.flatMap((text) => {
    try {
      return [injectText(text, settings).text];
    } catch {
      return [];
    }
  });
  return [...inputs, ...injected];
}

describe('mutated workloads', () => {
  it(`are injected and given back, or refused in words (${RUNS} of them)`, () => {
    process.stdout.write(`fuzz: seed ${seed}\n`);
    const mutator = new Mutator(seed, corpus());
    let changed = 0;
    for (let run = 0; run < RUNS; run++) {
      const text = mutator.next();
      try {
        const stage = attempt(text);
        if (stage) changed++;
      } catch (cause) {
        throw new Error(`seed ${seed}, run ${run}: ${String(cause)}\n${text}`, { cause });
      }
    }
    // A mutator that only made noise would test nothing.
    expect(changed).toBeGreaterThan(RUNS / 10);
  }, 300_000);
});

/** Whether the text could be injected. Throws for anything but an error in words. */
function attempt(text: string): boolean {
  const back = inWords(() => uninjectText(text));
  const once = inWords(() => injectText(text, settings));
  if (once === undefined) return false;
  expect(injectText(once.text, settings).text).toBe(once.text);
  if (!once.resources.some(({ outcome }) => outcome === 'injected')) return back !== undefined;
  // Only what had no sidecar before is sure to come back as it was.
  if (once.resources.every(({ outcome }) => outcome !== 'updated')) {
    const others = back?.resources.some(({ outcome }) => outcome === 'uninjected') ?? false;
    if (!others) expect(uninjectText(once.text).text).toBe(text);
  }
  return true;
}

function inWords<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MeshError) || error.code === 'Internal') throw error;
    expect(error.message).not.toMatch(/undefined|\[object/);
    return undefined;
  }
}
