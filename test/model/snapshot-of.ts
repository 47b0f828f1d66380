/** A snapshot of YAML texts, as the tests of the model need it. */

import { parseText } from '../../src/config/parse/parse.ts';
import { type MeshConfig, meshSettings } from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';

/** Throws when a text cannot be read. */
export function snapshotOf(text: string, mesh: MeshConfig = {}): Snapshot {
  const { objects, problems } = parseText(text, 'input.yaml');
  const [problem] = problems;
  if (problem !== undefined) throw new Error(problem.message);
  return Snapshot.build(objects, { mesh: meshSettings(mesh) });
}
