/** The settings of the mesh: what an installation implies, and what the user says on top. */

import { discoveryAddress, type Installation } from './installation.ts';
import { overlay } from './overlay.ts';
import { compact } from './resource.ts';
import { isTree, type Tree } from './setting-path.ts';

/** As the ConfigMap `istio` has them under `mesh`. */
export function meshConfig(installation: Installation): Tree {
  const { spec, global, namespace } = installation;
  const tracing = spec.addonComponents?.tracing?.enabled === true || global.proxy?.tracer === 'zipkin';
  const implied: Tree = {
    defaultConfig: {
      discoveryAddress: discoveryAddress(installation),
      ...compact({ meshId: global.meshID }),
    },
    rootNamespace: namespace,
  };
  const result = overlay(implied, { ...spec.meshConfig });
  return tracing ? withZipkin(result, namespace) : result;
}

/** Traces go to the addon, whose Service is called so with both backends, unless they go elsewhere. */
function withZipkin(mesh: Tree, namespace: string): Tree {
  const { tracing, ...config } = (mesh['defaultConfig'] ?? {}) as Tree & { tracing?: Tree };
  const elsewhere = ['zipkin', 'lightstep', 'datadog', 'stackdriver', 'openCensusAgent'];
  if (tracing !== undefined && elsewhere.some((name) => Object.hasOwn(tracing, name))) return mesh;
  return {
    ...mesh,
    defaultConfig: { ...config, tracing: { ...tracing, zipkin: { address: `zipkin.${namespace}:9411` } } },
  };
}

/** What proxies start from when they cannot read the ConfigMap. */
export function proxyConfig(installation: Installation): Tree {
  const config = meshConfig(installation)['defaultConfig'];
  return isTree(config) ? config : {};
}

/** The domain of the identities that the mesh gives. */
export function trustDomain(installation: Installation): string {
  const domain = meshConfig(installation)['trustDomain'];
  return typeof domain === 'string' && domain !== '' ? domain : 'cluster.local';
}
