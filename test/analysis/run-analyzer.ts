/** Runs one analyzer over texts, as the tests of analyzers need it. */

import { parseText } from '../../src/config/parse/parse.ts';
import { type MeshObject, objectName } from '../../src/config/object.ts';
import type { KindKey } from '../../src/api/kind-info.ts';
import type { Analyzer } from '../../src/analysis/analyzer.ts';
import { runAnalyzers, sortMessages } from '../../src/analysis/engine.ts';
import { BUILTIN_FILE, builtinGateway } from '../../src/analysis/builtin-gateway.ts';
import { meshFromObjects, meshNetworksObject, typedSettings } from '../../src/analysis/mesh-input.ts';
import { parseValue } from '../../src/config/parse/value.ts';
import {
  type MeshConfig,
  type MeshNetworks,
  type MeshSettings,
  meshSettings,
} from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';

/** A fixed time, before the certificates that tests make expire. */
export const NOW = Date.UTC(2026, 10, 1);

export interface AnalyzerRun {
  readonly messages: readonly { code: string; resource: string; path: string; line: number }[];
  readonly kindsRead: ReadonlySet<KindKey>;
  readonly skipped: boolean;
}

/** Mesh settings from the text of a MeshConfig. */
export function settingsFrom(meshConfig: string | undefined): MeshSettings {
  if (meshConfig === undefined) return meshSettings();
  const wrapped = `apiVersion: v1\nkind: MeshConfig\nmetadata: {name: mesh}\n${meshConfig}`;
  return meshSettings(parseText(wrapped, 'mesh-config.yaml').objects[0]?.value as MeshConfig);
}

/** MeshNetworks from their text, as analysis is given them. */
export function networksFrom(text: string): MeshObject<MeshNetworks> {
  const networks = typedSettings('mesh.istio.io/MeshNetworks', parseValue(text).value) as MeshNetworks;
  const source = { file: 'networks.yaml', line: 1, locate: () => ({ line: 1, column: 1 }) };
  return meshNetworksObject(networks, 'istio-system', { source });
}

/** Loads the texts, adds the built-in gateway, runs the analyzer. Throws when a text cannot be read. */
export function runAnalyzer(
  analyzer: Analyzer,
  files: readonly { name: string; text: string }[],
  mesh: MeshSettings = meshSettings(),
): AnalyzerRun {
  const objects: MeshObject[] = [];
  for (const { name, text } of files) {
    const parsed = parseText(text, name);
    const problem = parsed.problems.find(({ level }) => level === 'Error');
    if (problem !== undefined) throw new Error(`${name}: ${problem.message}`);
    objects.push(...parsed.objects);
  }
  const kindsRead = new Set<KindKey>();
  const present = new Set(objects.map(({ key }) => key));
  const { networksObject } = meshFromObjects(objects, mesh.istioNamespace);
  const snapshot = Snapshot.build(
    [
      ...objects,
      ...builtinGateway(mesh.istioNamespace),
      ...(networksObject === undefined ? [] : [networksObject]),
    ],
    { mesh },
  );
  const watched: Analyzer = {
    ...analyzer,
    analyze(context) {
      analyzer.analyze({
        ...context,
        report: context.report,
        snapshot: context.snapshot.recording({
          kinds: (kinds) => kinds.forEach((kind) => kindsRead.add(kind)),
          fact: ({ kinds }) => kinds.forEach((kind) => kindsRead.add(kind)),
        }),
      });
    },
  };
  // Undeclared reads must fail the run, so the engine's own watch stays in place beside this one.
  const strict = runAnalyzers(snapshot, { analyzers: [analyzer], present, now: NOW });
  runAnalyzers(snapshot, { analyzers: [watched], present, now: NOW });
  const messages = sortMessages(strict.messages, objectName)
    .filter(({ object }) => object?.source.file !== BUILTIN_FILE)
    .map(({ type, object, path, text }) => {
      if (type.code === 'IST0001') throw new Error(text);
      return {
        code: type.code,
        resource: object === undefined ? '' : objectName(object),
        path: path.join('.'),
        line: object?.source.locate(path).line ?? 0,
      };
    });
  return { messages, kindsRead, skipped: strict.skipped.length > 0 };
}
