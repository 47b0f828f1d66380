import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { injectSettings } from '../../src/inject/sources.ts';
import { injectText } from '../../src/inject/inject.ts';

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly volumeMounts?: readonly { readonly mountPath: string; readonly readOnly?: boolean }[];
}

const pod = (templates: string): string => `apiVersion: v1
kind: Pod
metadata: {name: app, annotations: {inject.istio.io/templates: "${templates}"}}
spec:
  containers: [{name: app, image: "app:1"}]
`;

/** Containers and init containers after injection, the proxy as a native sidecar. */
function injected(templates: string): {
  containers: readonly Container[];
  initContainers: readonly Container[];
} {
  const settings = injectSettings({ version: '1.0.0', nativeSidecar: true });
  const { spec } = load(injectText(pod(templates), settings).text) as {
    spec: { containers: readonly Container[]; initContainers: readonly Container[] };
  };
  return spec;
}

it.each(['sidecar,spire', 'spire,sidecar'])(
  'what the templates %s say of the proxy meets in one container, the native one',
  (templates) => {
    const { containers, initContainers } = injected(templates);
    expect(containers.map(({ name }) => name)).toEqual(['app']);
    const proxies = initContainers.filter(({ name }) => name === 'istio-proxy');
    expect(proxies).toHaveLength(1);
    expect(proxies[0]?.image).toBe('lateen/proxy:1.0.0');
    expect(proxies[0]?.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: '/var/run/secrets/workload-spiffe-uds', readOnly: true }),
    );
  },
);
