/** Settings that nobody meant: whatever they hold, there is a manifest or a `MeshError`. */

import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { MeshError } from '../../src/base/mesh-error.ts';
import { renderInstallation } from '../../src/install/render.ts';
import { readSchema } from '../../src/cli/schema-store.ts';
import { manifestText } from '../../src/install/manifest-text.ts';
import { profileSpec } from '../../src/install/profiles.ts';

/** No definitions: settings have no say in them. */
const PARTS = { version: '1.0.0', crds: () => [], schema: readSchema };

/** Every path of the profile `demo`, and some that lead nowhere or too far. */
function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value))
    return [path, ...value.flatMap((item, index) => pathsOf(item, `${path}[${index}]`))];
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, child]) => pathsOf(child, path === '' ? key : `${path}.${key}`)),
  ];
}
const PATHS = [
  ...pathsOf(profileSpec('demo'), '').filter((path) => path !== ''),
  'components.pilot.k8s.overlays',
  'components.pilot.k8s.env',
  'components.pilot.k8s.hpaSpec',
  'components.pilot.k8s.service',
  'components.pilot.k8s.affinity',
  'components.ingressGateways[7].x',
  'values.global.meshNetworks',
  'values.gateways.istio-ingressgateway.ports',
  'values.global.mtls.enabled',
  'values.tracing.provider',
  '__proto__.x',
  'values.constructor.x',
];

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.stringify(one)),
  fc.string(),
  fc.constantFrom(
    'true',
    'null',
    '{}',
    '[]',
    '{a,b}',
    '-1',
    '1e400',
    '[[{"name":"__proto__"}]]',
    '[{"kind":"Deployment","name":"istiod","patches":[{"path":"spec"}]}]',
  ),
);

/** The manifest as text, or the code of the error that was expected. */
async function outcome(run: Promise<{ resources: Parameters<typeof manifestText>[0] }>): Promise<string> {
  try {
    return manifestText((await run).resources);
  } catch (error) {
    if (error instanceof MeshError) return `code ${error.code}`;
    throw error;
  }
}

describe('whatever settings hold', () => {
  test('--set makes a manifest or is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), value, async (path, text) => {
        const sets = ['values.base.enableIstioConfigCRDs=false', `${path}=${text}`];
        const result = await outcome(renderInstallation({ files: [], sets }, PARTS));
        // Without components there is nothing in it, which is a manifest, too.
        if (!result.startsWith('code ')) loadAll(result);
        expect({}).not.toHaveProperty('x');
      }),
      { numRuns: 400, seed: 7 },
    );
  });

  test('a file makes a manifest or is refused', async () => {
    const spec = fc.dictionary(
      fc.constantFrom(
        'profile',
        'hub',
        'tag',
        'revision',
        'meshConfig',
        'components',
        'addonComponents',
        'values',
        '__proto__',
      ),
      fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...Object.values(profileSpec('demo')))),
    );
    await fc.assert(
      fc.asyncProperty(spec, async (one) => {
        const text = JSON.stringify({
          apiVersion: 'install.istio.io/v1alpha1',
          kind: 'IstioOperator',
          spec: one,
        });
        await outcome(renderInstallation({ files: [{ path: 'a.json', text }], sets: [] }, PARTS, ['Pilot']));
        expect({}).not.toHaveProperty('x');
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});
