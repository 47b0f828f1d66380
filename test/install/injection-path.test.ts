import { describe, expect, it } from 'vitest';
import { buildManifest } from '../../src/install/manifest.ts';
import { resolveSettings } from '../../src/install/settings.ts';

/** The path that the injector of another cluster is asked at, with these settings of that cluster's part. */
function pathOf(global: Record<string, unknown>): unknown {
  const spec = resolveSettings([{ spec: { profile: 'remote', values: { global } } }], '1.0.0');
  const { resources } = buildManifest(spec, { version: '1.0.0', crds: [] });
  const webhook = resources.find(({ kind }) => kind === 'MutatingWebhookConfiguration');
  const { webhooks } = webhook as unknown as {
    readonly webhooks: readonly { readonly clientConfig: { readonly service: { readonly path: string } } }[];
  };
  return webhooks[0]?.clientConfig.service.path;
}

describe('the path of the injector for a remote cluster', () => {
  it('names cluster and network where they have names', () => {
    expect(pathOf({})).toBe('/inject');
    expect(pathOf({ multiCluster: { enabled: true, clusterName: 'Kubernetes' } })).toBe('/inject');
    expect(pathOf({ multiCluster: { enabled: true, clusterName: 'east' }, network: 'n1' })).toBe(
      '/inject/cluster/east/net/n1',
    );
  });

  it.each([
    [{ multiCluster: { enabled: true, clusterName: 'East' } }, 'multiCluster.clusterName "East"'],
    [{ network: 'a/b' }, 'network "a/b"'],
  ])('refuses %j, which the API server would not take', (global, words) => {
    expect(() => pathOf(global)).toThrow(words);
  });
});
