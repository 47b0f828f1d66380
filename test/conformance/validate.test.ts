/** `validate` against the conformance cases that lie beside the checkout, and against the policies of a book. */

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPaths } from '../../src/config/sources/files.ts';
import { validate } from '../../src/config/validate.ts';
import { SHARED, answer, formatMiss, hasCases, misses, readCases } from './cases.ts';
import type { Answer } from './cases.ts';

/** Share of verdicts that must be right. */
const LEAST = 0.995;

describe.runIf(hasCases())('the conformance cases', () => {
  it(`are answered right in at least ${LEAST * 100}% of the cases`, async () => {
    const answers: Answer[] = [];
    for (const one of readCases()) answers.push(await answer(one));
    const { verdicts, warnings } = misses(answers);
    const withWarning = answers.filter((one) => one.case.warning !== undefined).length;
    const score = (answers.length - verdicts.length) / answers.length;
    process.stdout.write(
      `validate: ${answers.length - verdicts.length} of ${answers.length} verdicts right (${(score * 100).toFixed(1)}%), ` +
        `${withWarning - warnings.length} of ${withWarning} warnings\n`,
    );
    for (const miss of [...verdicts, ...warnings]) process.stdout.write(`${formatMiss(miss)}\n`);
    expect(answers.length).toBeGreaterThan(0);
    expect(score).toBeGreaterThanOrEqual(LEAST);
  }, 60_000);

  it('of a book are free of errors', async () => {
    const loaded = loadPaths([path.join(SHARED, 'book-policies')]);
    const checked = await validate(loaded.objects);
    const errors = checked.flatMap(({ findings }) => findings.filter(({ level }) => level === 'Error'));
    expect(loaded.objects.length).toBeGreaterThan(0);
    expect([...loaded.problems, ...errors]).toEqual([]);
  });
});

describe.runIf(!hasCases())('without the conformance cases', () => {
  it('nothing is measured, which only a run outside of CI may pass', () => {
    process.stdout.write(`validate: no conformance cases at ${SHARED}; set MESH_SHARED to where they are\n`);
    expect(process.env['CI'] ?? '').toBe('');
  });
});
