/** `mesh proxy-config` against the conformance cases that lie beside the checkout. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { SHARED, hasShared } from './cases.ts';

interface DumpCase {
  readonly id: string;
  readonly command: string;
  readonly input: string;
  readonly expectedOutput: string;
  readonly compare: 'text' | 'json' | 'yaml';
}

/** Share of outputs that must be right. */
const LEAST = 0.98;

const FOLDER = path.join(SHARED, 'conformance/configdump');
const hasCases = hasShared('conformance/configdump/cases.json');

function parsed(text: string, compare: DumpCase['compare']): unknown {
  if (compare === 'text') return text;
  return compare === 'json' ? (JSON.parse(text) as unknown) : load(text);
}

describe.runIf(hasCases)('the conformance cases of configuration dumps', () => {
  it(`are printed right in at least ${LEAST * 100}% of the cases`, async () => {
    const cases = JSON.parse(readFileSync(path.join(FOLDER, 'cases.json'), 'utf8')) as readonly DumpCase[];
    let right = 0;
    for (const one of cases) {
      const argv = [...one.command.split(' '), '--file', path.join(FOLDER, one.input)];
      const { stdout, stderr, code } = await runMesh(argv);
      const expected = readFileSync(path.join(FOLDER, one.expectedOutput), 'utf8');
      try {
        expect(code, stderr).toBe(0);
        expect(parsed(stdout, one.compare)).toEqual(parsed(expected, one.compare));
        right++;
      } catch (error) {
        process.stdout.write(`- ${one.id}: ${(error as Error).message}\n`);
      }
    }
    process.stdout.write(`proxy-config: ${right} of ${cases.length} outputs right\n`);
    expect(cases.length).toBeGreaterThan(0);
    expect(right / cases.length).toBeGreaterThanOrEqual(LEAST);
  });
});

describe.runIf(!hasCases)('without the conformance cases of configuration dumps', () => {
  it('nothing is measured, which only a run outside of CI may pass', () => {
    process.stdout.write(
      `proxy-config: no conformance cases at ${SHARED}; set MESH_SHARED to where they are\n`,
    );
    expect(process.env['CI'] ?? '').toBe('');
  });
});
