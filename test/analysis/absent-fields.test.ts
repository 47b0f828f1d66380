import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtinGateway } from '../../src/analysis/builtin-gateway.ts';
import { runAnalyzers } from '../../src/analysis/engine.ts';
import { ANALYZERS } from '../../src/analysis/generated/analyzers.ts';
import type { MeshObject } from '../../src/config/object.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { Snapshot } from '../../src/model/snapshot.ts';
import { NOW, settingsFrom } from './run-analyzer.ts';

const FOLDER = 'test/analysis/cases';

type Container = Record<string | number, unknown>;

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** Copies of a value in which one field each is gone, or its list or mapping empty. */
function* thinned(value: unknown): Generator<unknown> {
  if (!isContainer(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'apiVersion' || key === 'kind' || key === 'metadata') continue;
    if (Array.isArray(value)) {
      for (const copy of thinned(inner))
        yield value.map((item, index) => (String(index) === key ? copy : item));
      continue;
    }
    const { [key]: _, ...others } = value;
    yield others;
    if (isContainer(inner)) {
      yield { ...value, [key]: Array.isArray(inner) ? [] : {} };
      for (const copy of thinned(inner)) yield { ...value, [key]: copy };
    }
  }
}

const units = readdirSync(FOLDER).flatMap((kind) =>
  readdirSync(`${FOLDER}/${kind}`).map((check) => `${kind}/${check}`),
);

describe('no analyzer breaks down where a field is missing or empty', () => {
  it.each(units)('in the objects of %s', (unit) => {
    const settings = `${FOLDER}/${unit}/mesh-config.yaml`;
    const mesh = settingsFrom(existsSync(settings) ? readFileSync(settings, 'utf8') : undefined);
    const { objects } = parseText(readFileSync(`${FOLDER}/${unit}/bad.yaml`, 'utf8'), 'bad.yaml');
    const present = new Set(objects.map(({ key }) => key));
    const broken = new Set<string>();
    const run = (input: readonly MeshObject[]): void => {
      const snapshot = Snapshot.build([...input, ...builtinGateway(mesh.istioNamespace)], { mesh });
      const { messages } = runAnalyzers(snapshot, { analyzers: ANALYZERS, present, now: NOW });
      for (const { type, text } of messages) if (type.code === 'IST0001') broken.add(text);
    };
    run(objects);
    for (const [index, object] of objects.entries()) {
      for (const value of thinned(object.value)) {
        run(objects.with(index, { ...object, value: value as MeshObject['value'] }));
      }
    }
    expect([...broken]).toEqual([]);
  });
});
