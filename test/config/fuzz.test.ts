/**
 * Ten thousand mutated manifests through loading, validation and analysis: nothing may throw, take long, or
 * answer with anything but findings. The seed is printed; MESH_FUZZ_SEED repeats a run.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHECK_CODES } from '../../src/config/finding.ts';
import { collectFiles } from '../../src/config/sources/files.ts';
import { BROKEN_RULES } from '../../src/config/validate.ts';
import { analyze, validate } from '../../src/index.ts';
import type { Result } from '../../src/index.ts';
import { SHARED, hasCases } from '../conformance/cases.ts';
import { Mutator } from './mutator.ts';

const RUNS = Number(process.env['MESH_FUZZ_RUNS'] ?? 10_000);
/** Milliseconds of this process's own work that one manifest may take. */
const MAX_TIME = 1_000;

const seed = Number(process.env['MESH_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CODE = /^(?:IST|MESH)\d{4}$/;

/** Manifests to start from: the project's own, and the conformance cases where they are there. */
function readCorpus(): readonly string[] {
  const root = path.resolve(import.meta.dirname, '../..');
  const folders = [path.join(root, 'fixtures'), path.join(root, 'test/config')];
  if (hasCases()) folders.push(path.join(SHARED, 'conformance/validate/files'));
  const { files } = collectFiles(folders.filter((folder) => existsSync(folder)));
  return files.map((file) => readFileSync(file, 'utf8')).filter((text) => text.length < 20_000);
}

function check(result: Result, text: string): void {
  const wrong = result.findings.find(
    ({ code, message, level, line = 1, column = 1 }) =>
      !CODE.test(code) ||
      code === 'IST0001' ||
      message === '' ||
      message.startsWith(BROKEN_RULES) ||
      /\n|\bat .*:\d+:\d+|undefined|\[object/.test(message) ||
      !['Error', 'Warning', 'Info'].includes(level) ||
      !(line >= 1) ||
      !(column >= 1),
  );
  if (wrong !== undefined) throw new Error(`seed ${seed}: ${JSON.stringify(wrong)}\n${text}`);
}

describe('mutated manifests', () => {
  let corpus: readonly string[] = [];
  beforeAll(async () => {
    corpus = readCorpus();
    expect(corpus.length).toBeGreaterThan(0);
    // The code is loaded and warm before anything is timed.
    for (const text of corpus) await analyze({ files: [{ path: 'f.yaml', text }] });
  }, 120_000);

  it(`are read, validated and analyzed without a crash or a hang (${RUNS} of them)`, async () => {
    process.stdout.write(`fuzz: seed ${seed}, ${corpus.length} manifests to start from\n`);
    const mutator = new Mutator(seed, corpus);
    const codes = new Set<string>();
    for (let run = 0; run < RUNS; run++) {
      const text = mutator.next();
      const files = [{ path: 'f.yaml', text }];
      const start = process.cpuUsage();
      try {
        const result = await validate({ files });
        check(result, text);
        for (const { code } of result.findings) codes.add(code);
        check(await analyze({ files }), text);
      } catch (cause) {
        throw new Error(`seed ${seed}, run ${run}: ${String(cause)}\n${text}`, { cause });
      }
      // How long others had the machine meanwhile says nothing of the manifest.
      const { user, system } = process.cpuUsage(start);
      const time = (user + system) / 1_000;
      if (time > MAX_TIME) throw new Error(`seed ${seed}, run ${run} took ${time} ms\n${text}`);
    }
    // A mutator that only made noise would not get beyond syntax errors.
    expect(codes.size).toBeGreaterThan(Object.keys(CHECK_CODES).length / 2);
  }, 300_000);
});
