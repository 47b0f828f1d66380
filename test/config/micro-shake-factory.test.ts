/** The manifests of Micro Shake Factory: sound where they should be, and broken where they say so. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyzeObjects } from '../../src/analysis/analyze.ts';
import { ANALYZERS } from '../../src/analysis/generated/analyzers.ts';
import { formatFieldPath } from '../../src/base/field-path.ts';
import { objectName } from '../../src/config/object.ts';
import { loadPaths } from '../../src/config/sources/files.ts';
import { validate } from '../../src/config/validate.ts';
import { meshSettings } from '../../src/model/mesh-settings.ts';

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/micro-shake-factory/${name}`, import.meta.url));

interface Place {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Everything that validation and analysis say, with its place. */
async function check(name: string): Promise<{ readonly objects: number; readonly found: readonly Place[] }> {
  const { objects, problems } = loadPaths([folder(name)]);
  expect(problems).toEqual([]);
  const results = await validate(objects);
  const checked = objects.map((object) => {
    const findings = results.find((result) => result.object === object)?.findings ?? [];
    return { object, findings, wellTyped: !findings.some((finding) => finding.check === 'WrongType') };
  });
  const analysis = analyzeObjects(checked, {
    analyzers: ANALYZERS,
    mesh: meshSettings(),
    now: Date.UTC(2026, 10, 1),
    withValidation: false,
  });
  const all = [
    ...checked.flatMap(({ object, findings }) =>
      findings.map(({ path, message }) => ({ object, path, message })),
    ),
    ...analysis.messages.map(({ object, path, text }) => ({ object, path, message: text })),
  ];
  const found = all.map(({ object, path, message }) => ({
    file: object?.source.file ?? '',
    line: object?.source.locate(path).line ?? 0,
    text: `${object === undefined ? '' : objectName(object)} ${formatFieldPath(path)}: ${message}`,
  }));
  return { objects: objects.length, found };
}

describe('Micro Shake Factory', () => {
  it('gets no finding as it is', async () => {
    const { objects, found } = await check('manifests');
    expect(objects).toBeGreaterThan(10);
    expect(found.map(({ text }) => text)).toEqual([]);
  });

  it('gets a finding for each mistake of the broken copy', async () => {
    const { found } = await check('broken');
    const files = new Set(loadPaths([folder('broken')]).files);
    let mistakes = 0;
    for (const file of files) {
      const lines = readFileSync(file, 'utf8').split('\n');
      for (const [index, line] of lines.entries()) {
        if (!line.includes('# Mistake:')) continue;
        mistakes += 1;
        // The comment stands on the line before the field.
        const near = found.filter((place) => place.file === file && place.line === index + 2);
        expect(near, `${file}:${index + 1} ${line.trim()}`).not.toEqual([]);
      }
    }
    expect(mistakes).toBeGreaterThan(10);
    expect(found.length).toBeGreaterThanOrEqual(mistakes);
  });
});
