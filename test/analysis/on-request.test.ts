import { describe, expect, it } from 'vitest';
import { analyzeObjects, type AnalysisOptions } from '../../src/analysis/analyze.ts';
import { ANALYZERS } from '../../src/analysis/generated/analyzers.ts';
import { chooseAnalyzers } from '../../src/cli/analyzer-choice.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { meshSettings } from '../../src/model/mesh-settings.ts';
import { NOW } from './run-analyzer.ts';

const UNCOVERED = `
apiVersion: v1
kind: Pod
metadata: {name: fruits, namespace: shop, labels: {app: fruits}}
spec: {containers: [{name: main, image: fruits}]}
`;
const CODE = 'MESH2701';
const NAME = 'workload.PolicyCoverageAnalyzer';

function codes(options: Partial<AnalysisOptions>): readonly string[] {
  const checked = parseText(UNCOVERED, 'pod.yaml').objects.map((object) => ({
    object,
    findings: [],
    wellTyped: true,
  }));
  const all = { analyzers: ANALYZERS, mesh: meshSettings(), now: NOW, ...options };
  return analyzeObjects(checked, all).messages.map(({ type }) => type.code);
}

describe('an analyzer that runs on request', () => {
  it('is silent when nobody asks for it', () => {
    expect(codes({})).not.toContain(CODE);
    expect(codes(chooseAnalyzers([], ANALYZERS))).not.toContain(CODE);
    expect(codes({ only: new Set(['MESH2001']) })).toEqual([]);
  });

  it('runs when its name or one of its codes is given', () => {
    expect(codes(chooseAnalyzers([NAME.toLowerCase()], ANALYZERS))).toEqual([CODE]);
    expect(codes({ only: new Set([CODE]) })).toEqual([CODE]);
  });

  it('gives messages of which the page says so', async () => {
    const { readFile } = await import('node:fs/promises');
    const onRequest = ANALYZERS.filter((analyzer) => analyzer.onRequest === true);
    expect(onRequest.length).toBeGreaterThan(3);
    for (const { code } of onRequest.flatMap(({ messages }) => messages)) {
      if (!code.startsWith('MESH')) continue;
      const page = await readFile(`docs/messages/${code}.md`, 'utf8');
      expect(page.replaceAll('\n', ' '), code).toContain(`\`mesh analyze --only ${code}\``);
    }
  });
});
