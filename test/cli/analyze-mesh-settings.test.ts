import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

/** What a mesh-wide policy that selects nothing is told, which depends on the root namespace. */
const POLICY = `apiVersion: v1
kind: Pod
metadata: {name: cake, namespace: shop, labels: {app: cake, sidecar.istio.io/inject: "true"}}
spec: {containers: [{name: cake, image: example/cake}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: wide, namespace: policies}
spec: {selector: {matchLabels: {app: cake}}}
---
`;

function configMap(data: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n${data}---\n`;
}

async function codes(stdin: string, flags: readonly string[] = [], cwd?: string): Promise<string[]> {
  const argv = ['analyze', '--use-kube=false', '-o', 'json', ...flags, '-'];
  const { stdout } = await runMesh(argv, { stdin, ...(cwd === undefined ? {} : { cwd }) });
  return (JSON.parse(stdout) as { code: string; origin: string }[])
    .map(({ code, origin }) => `${code} ${origin}`)
    .filter((line) => /^IST01(26|27|36|06)/.test(line));
}

describe('where analysis takes the settings of the mesh from', () => {
  test('by default nothing is set', async () => {
    expect(await codes(POLICY)).toEqual(['IST0127 AuthorizationPolicy policies/wide']);
  });

  test('the ConfigMap istio of the input has them', async () => {
    expect(await codes(POLICY + configMap('  mesh: "rootNamespace: policies"\n'))).toEqual([]);
  });

  test('--meshConfigFile goes before the ConfigMap', async () => {
    const cwd = tempFolder({ 'mesh.yaml': 'rootNamespace: policies\n' });
    const input = POLICY + configMap('  mesh: "rootNamespace: elsewhere"\n');
    expect(await codes(input)).toEqual(['IST0127 AuthorizationPolicy policies/wide']);
    expect(await codes(input, ['--meshConfigFile', 'mesh.yaml'], cwd)).toEqual([]);
  });

  test('settings of a wrong type are reported, and count as absent', async () => {
    const found = await codes(POLICY + configMap('  mesh: "rootNamespace: [1]"\n'));
    expect(found).toContain('IST0106 ConfigMap istio-system/istio');
    expect(found).toContain('IST0127 AuthorizationPolicy policies/wide');
  });

  test('--revision names the ConfigMap of that control plane', async () => {
    const input =
      POLICY + configMap('  mesh: "rootNamespace: policies"\n').replace('name: istio,', 'name: istio-next,');
    expect(await codes(input)).toHaveLength(1);
    expect(await codes(input, ['--revision', 'next'])).toEqual([]);
  });
});

describe('networks of the mesh', () => {
  const networks = 'networks: {west: {endpoints: [{fromRegistry: west}]}}';
  const unknown = 'IST0126 MeshNetworks istio-system/meshnetworks';

  test('come from the ConfigMap istio', async () => {
    expect(await codes(configMap(`  meshNetworks: "${networks}"\n`))).toEqual([unknown]);
  });

  test('or from --meshNetworksFile, which goes before it', async () => {
    const cwd = tempFolder({
      'networks.yaml': `${networks}\n`,
      'sound.yaml': 'networks: {}\n',
      'bad.yaml': 'networks: [1]\n',
    });
    const input = configMap(`  meshNetworks: "${networks}"\n`);
    expect(await codes(POLICY, ['--meshNetworksFile', 'networks.yaml'], cwd)).toContain(unknown);
    expect(await codes(input, ['--meshNetworksFile', 'sound.yaml'], cwd)).toEqual([]);
    const argv = ['analyze', '--use-kube=false', '--meshNetworksFile'];
    const bad = await runMesh([...argv, 'bad.yaml', '-'], { stdin: input, cwd });
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('bad.yaml:1:1: networks: ') });
    const gone = await runMesh([...argv, 'gone.yaml', '-'], { stdin: input, cwd });
    expect(gone).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--meshNetworksFile names gone.yaml'),
    });
  });
});

describe('an analyzer that runs on request', () => {
  const service =
    'apiVersion: v1\nkind: Service\nmetadata: {name: cake, annotations: {networking.istio.io/exportTo: "."}}\n' +
    'spec: {ports: [{name: http, port: 80}]}\n';

  test('runs when it is named, or a code of it', async () => {
    expect(await codes(service)).toEqual([]);
    expect(await codes(service, ['--analyzer', 'annotations.AlphaAnalyzer'])).toEqual([
      'IST0136 Service cake',
    ]);
    expect(await codes(service, ['--only', 'IST0136'])).toEqual(['IST0136 Service cake']);
  });
});
