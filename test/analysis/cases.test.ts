import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { ANALYZERS } from '../../src/analysis/generated/analyzers.ts';
import type { Analyzer } from '../../src/analysis/analyzer.ts';
import { runAnalyzer, settingsFrom } from './run-analyzer.ts';

const casesFolder = 'test/analysis/cases';
const analyzersFolder = 'src/analysis/analyzers';

/** `kind/check` of every folder two levels down. */
function units(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((kind) =>
      readdirSync(join(folder, kind.name)).map((check) => `${kind.name}/${check.replace(/\.ts$/, '')}`),
    );
}

function text(unit: string, name: string): string | undefined {
  const file = join(casesFolder, unit, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function analyzerOf(unit: string): Promise<Analyzer | undefined> {
  const url = pathToFileURL(join(analyzersFolder, `${unit}.ts`)).href;
  const module = (await import(/* @vite-ignore */ url)) as { analyzer?: Analyzer };
  return module.analyzer;
}

function run(analyzer: Analyzer, unit: string, name: string): ReturnType<typeof runAnalyzer> {
  const input = text(unit, name);
  if (input === undefined) throw new Error(`${unit} has no ${name}`);
  return runAnalyzer(analyzer, [{ name, text: input }], settingsFrom(text(unit, 'mesh-config.yaml')));
}

describe.each(units(casesFolder))('the analyzer %s', (unit) => {
  it('says what is expected of the bad input, at the right lines', async () => {
    const analyzer = await analyzerOf(unit);
    if (analyzer === undefined) throw new Error(`no analyzer for the cases of ${unit}`);
    const expected = load(text(unit, 'expected.yaml') ?? '[]');
    const { messages, kindsRead, skipped } = run(analyzer, unit, 'bad.yaml');
    expect(skipped).toBe(false);
    expect(messages).toEqual(expected);
    expect([...kindsRead].sort(), 'declared reads are the real ones').toEqual([...analyzer.reads].sort());
    const declared = new Set(analyzer.messages.map(({ code }) => code));
    expect(messages.every(({ code }) => declared.has(code))).toBe(true);
  });

  it('is silent on the good input', async () => {
    const analyzer = await analyzerOf(unit);
    if (analyzer === undefined) throw new Error(`no analyzer for the cases of ${unit}`);
    expect(run(analyzer, unit, 'good.yaml').messages).toEqual([]);
  });
});

describe('the list of analyzers', () => {
  it('has a case for each', async () => {
    const withCases = new Set(units(casesFolder));
    const without: string[] = [];
    for (const unit of units(analyzersFolder)) {
      if ((await analyzerOf(unit)) !== undefined && !withCases.has(unit)) without.push(unit);
    }
    expect(without).toEqual([]);
  });

  it('has a summary of its own and messages for each, and names in the form of Istio', () => {
    const summaries = ANALYZERS.map(({ summary }) => summary);
    expect(new Set(summaries).size).toBe(summaries.length);
    for (const { name, summary, messages } of ANALYZERS) {
      expect(name).toMatch(/^[a-zA-Z0-9]+\.[A-Z]\w+$/);
      expect(summary).toMatch(/^[A-Z].+/);
      expect(messages.length).toBeGreaterThan(0);
    }
  });
});
