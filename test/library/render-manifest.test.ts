import { describe, expect, test } from 'vitest';
import { MeshError, renderManifest } from '../../src/index.ts';
import { runMesh } from '../cli/run-mesh.ts';

describe('renderManifest', () => {
  test('gives what mesh manifest generate prints, and the objects in it', async () => {
    const { stdout, stderr } = await runMesh([
      'manifest',
      'generate',
      '--set',
      'profile=demo',
      '--set',
      'kiali.enabled=false',
    ]);
    const { text, resources, warnings } = await renderManifest({
      profile: 'demo',
      set: ['kiali.enabled=false'],
    });
    expect(text === stdout).toBe(true);
    expect(warnings.map((warning) => `Warning: ${warning}\n`).join('')).toBe(stderr);
    expect(resources[0]).toMatchObject({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'istio-system' },
    });
    expect(text.split(/^---$/m)).toHaveLength(resources.length);
  });

  test('takes files, a revision and components', async () => {
    const files = [
      {
        path: 'a.yaml',
        text: 'apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {tag: x}\n',
      },
    ];
    const { text } = await renderManifest({ files, revision: 'canary', filter: ['Pilot'] });
    expect(text).toContain('image: lateen/controller:x');
    expect(text).toContain('name: istiod-canary');
    expect(text).not.toContain('CustomResourceDefinition');
  });

  test('rejects with the place of what is wrong', async () => {
    const files = [
      {
        path: 'a.yaml',
        text: 'apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {tga: x}\n',
      },
    ];
    const error: unknown = await renderManifest({ files }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MeshError);
    expect(error).toMatchObject({
      hint: 'Did you mean "tag"?',
      where: { file: 'a.yaml', line: 3, field: 'spec.tga' },
    });
    await expect(renderManifest({ profile: 'dmo' })).rejects.toThrow('there is no profile "dmo"');
  });
});
