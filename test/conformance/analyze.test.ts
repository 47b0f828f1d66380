import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { type MeshObject, objectName } from '../../src/config/object.ts';
import { ANALYZERS } from '../../src/analysis/generated/analyzers.ts';
import { analyzeObjects } from '../../src/analysis/analyze.ts';
import { NOW, networksFrom, settingsFrom } from '../analysis/run-analyzer.ts';

const folder = '../shared/conformance/analyze';
const hasSuite = existsSync(join(folder, 'cases.json'));

interface ExpectedMessage {
  readonly code: string;
  readonly resource: string;
}

interface Case {
  readonly id: string;
  readonly analyzer: string;
  readonly inputs: readonly string[];
  readonly meshConfig?: string;
  readonly meshNetworks?: string;
  readonly codes: readonly string[];
  readonly expected: readonly ExpectedMessage[];
  readonly analyzerOnly?: {
    readonly codes: readonly string[];
    readonly expected: readonly ExpectedMessage[];
  };
  readonly requiresAnalyzerFlag?: boolean;
}

/** `CODE Kind ns/name` of each message with one of the codes, sorted. */
function run(test: Case, onlyItsAnalyzer: boolean, codes: readonly string[]): string[] {
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  const objects = test.inputs.flatMap((path): readonly MeshObject[] => parseText(read(path), path).objects);
  const analysis = analyzeObjects(
    objects.map((object) => ({ object, findings: [], wellTyped: true })),
    {
      analyzers: onlyItsAnalyzer ? ANALYZERS.filter(({ name }) => name === test.analyzer) : ANALYZERS,
      mesh: settingsFrom(test.meshConfig === undefined ? undefined : read(test.meshConfig)),
      ...(test.meshNetworks === undefined ? {} : { networks: networksFrom(read(test.meshNetworks)) }),
      withOnRequest: onlyItsAnalyzer || test.requiresAnalyzerFlag === true,
      now: NOW,
    },
  );
  return analysis.messages
    .filter(({ type }) => codes.includes(type.code))
    .map(({ type, object }) => `${type.code} ${object === undefined ? '' : objectName(object)}`)
    .sort();
}

function wanted(messages: readonly ExpectedMessage[]): string[] {
  return messages.map(({ code, resource }) => `${code} ${resource}`).sort();
}

describe('the analysis cases that others wrote', () => {
  it('are there in CI', () => {
    if (!hasSuite) console.warn(`${folder} is absent: the analysis cases are left out`);
    expect(hasSuite || process.env['CI'] === undefined).toBe(true);
  });

  it.runIf(hasSuite)('are answered as expected, in at least 98 of 100', () => {
    const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Case[];
    const misses: string[] = [];
    let runs = 0;
    const compare = (test: Case, label: string, actual: string[], expected: string[]) => {
      runs++;
      if (JSON.stringify(actual) === JSON.stringify(expected)) return;
      const extra = actual.filter((line) => !expected.includes(line));
      const missing = expected.filter((line) => !actual.includes(line));
      misses.push(
        `${test.id}${label}: missing [${missing.join('; ')}] extra [${extra.join('; ')}] count ${actual.length}/${expected.length}`,
      );
    };
    for (const test of cases) {
      if (test.requiresAnalyzerFlag !== true)
        compare(test, '', run(test, false, test.codes), wanted(test.expected));
      const only = test.analyzerOnly;
      if (only !== undefined)
        compare(test, ' (its analyzer alone)', run(test, true, only.codes), wanted(only.expected));
    }
    console.log([`analyze: ${runs - misses.length} of ${runs} right`, ...misses].join('\n'));
    expect((runs - misses.length) / runs).toBeGreaterThanOrEqual(0.98);
  });
});
