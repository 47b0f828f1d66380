import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { renderInstallation } from '../../src/install/render.ts';
import { readStored, storedName, storedResource } from '../../src/install/stored.ts';

const parts = { version: '0.1.0', crds: () => [], schema: async () => ({}) as never };

describe('the settings of an installation that are kept', () => {
  test('give the same installation again, and a command run twice keeps no more', async () => {
    const file = { path: 'mesh.yaml', text: OPERATOR };
    const given = { files: [file], sets: ['values.global.network=net1'], revision: 'canary' };
    const first = await renderInstallation(given, parts);
    const map = storedResource(first.spec, first.layers, '0.1.0');
    expect(map.metadata).toMatchObject({ name: 'lateen-installation-canary', namespace: 'istio-system' });
    const stored = readStored(map, (text) => load(text));
    expect(stored).toMatchObject({ version: '0.1.0', profile: 'minimal', revision: 'canary' });
    const again = { files: [], sets: [], revision: 'canary', earlier: stored.layers };
    expect((await renderInstallation(again, parts)).resources).toEqual(first.resources);
    const twice = await renderInstallation({ ...given, earlier: stored.layers }, parts);
    expect(twice.layers).toEqual(first.layers);
  });

  test('of the plain control plane have the plain name', () => {
    expect([storedName(''), storedName('default')]).toEqual(['lateen-installation', 'lateen-installation']);
  });

  test.each([{}, { layers: 'a: b', version: '1' }, { layers: '- 7', version: '1' }, { layers: '[]' }])(
    'that nobody can have made, %j, are an error with a hint',
    (data) => {
      const labels = { 'lateen.dev/installation': 'default' };
      const map = { metadata: { name: 'lateen-installation', namespace: 'istio-system', labels }, data };
      expect(() => readStored(map, (text) => load(text))).toThrow(
        expect.objectContaining({ code: 'BadInstallation', hint: expect.stringContaining('-f or --set') }),
      );
    },
  );
});

const OPERATOR = `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  profile: minimal
  meshConfig: {accessLogFile: /dev/stdout}
`;
