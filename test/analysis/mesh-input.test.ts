import { describe, expect, it } from 'vitest';
import { meshFromObjects } from '../../src/analysis/mesh-input.ts';
import { parseText } from '../../src/config/parse/parse.ts';

function configMap(data: string, name = 'istio', namespace = 'istio-system'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata:\n${data}---\n`;
}

const MESH = '  mesh: |\n    rootNamespace: policies\n';
const NETWORKS = '  meshNetworks: |\n    networks:\n      west: {endpoints: [{from_registry: west}]}\n';

function read(text: string, ...rest: [string?, string?]): ReturnType<typeof meshFromObjects> {
  return meshFromObjects(parseText(text, 'mesh.yaml').objects, 'istio-system', ...rest);
}

describe('settings of the mesh in the input', () => {
  it('are in the ConfigMap istio of the control plane', () => {
    const { config, networks } = read(configMap(MESH + NETWORKS));
    expect(config).toEqual({ rootNamespace: 'policies' });
    expect(networks).toEqual({ networks: { west: { endpoints: [{ fromRegistry: 'west' }] } } });
  });

  it.each([
    ['of another name', configMap(MESH, 'istio-custom')],
    ['of another namespace', configMap(MESH, 'istio', 'shop')],
    ['without data', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n'],
    ['with other entries', configMap('  other: text\n')],
  ])('are not in a ConfigMap %s', (_, text) => {
    expect(read(text)).toEqual({});
  });

  it('are in the ConfigMap of the revision that is asked for', () => {
    const text = configMap(MESH) + configMap('  mesh: |\n    rootNamespace: next\n', 'istio-canary');
    expect(read(text, 'default', 'canary').config).toEqual({ rootNamespace: 'next' });
    expect(read(text, 'default', 'default').config).toEqual({ rootNamespace: 'policies' });
  });

  it('count as absent where they have wrong types, each text for itself', () => {
    const { config, networks } = read(configMap(`  mesh: |\n    rootNamespace: [1]\n${NETWORKS}`));
    expect(config).toBeUndefined();
    expect(networks).toBeDefined();
    expect(read(configMap('  mesh: "{"\n')).config).toBeUndefined();
    expect(read(configMap('  mesh: "- a"\n')).config).toBeUndefined();
  });

  it('have the place of their text', () => {
    const { networksObject } = read(configMap(MESH + NETWORKS));
    expect(networksObject?.source.file).toBe('mesh.yaml');
    expect(networksObject?.source.locate(['networks', 'west'])).toEqual({ line: 7, column: 3 });
    expect(networksObject?.meta).toMatchObject({ name: 'meshnetworks', namespace: 'istio-system' });
  });
});
