/** The settings of the mesh: what an installation implies, and what the user says on top. */

import { discoveryAddress, type Installation } from './installation.ts';
import { overlay } from './overlay.ts';
import { compact } from './resource.ts';
import { isTree, type Tree } from './setting-path.ts';

/** As the ConfigMap `istio` has them under `mesh`. */
export function meshConfig(installation: Installation): Tree {
  const { spec, global, namespace } = installation;
  const implied: Tree = {
    defaultConfig: {
      discoveryAddress: discoveryAddress(installation),
      ...compact({ meshId: global.meshID }),
    },
    rootNamespace: namespace,
  };
  const result = overlay(implied, { ...spec.meshConfig });
  const tracer =
    spec.addonComponents?.tracing?.enabled === true ? 'zipkin' : (global.proxy?.tracer ?? 'none');
  return withTracer(result, tracer, namespace);
}

/** Where spans go by default. The addon's Service is called `zipkin` with both of its backends. */
function backendOf(tracer: string, namespace: string): Tree | undefined {
  switch (tracer) {
    case 'zipkin':
    case 'jaeger':
      return { zipkin: { address: `zipkin.${namespace}:9411` } };
    case 'datadog':
      // The agent of the node.
      return { datadog: { address: '$(HOST_IP):8126' } };
    case 'stackdriver':
      return { stackdriver: {} };
    default:
      return undefined;
  }
}

/** Spans go to the backend of that name, unless the settings of the mesh say where. */
function withTracer(mesh: Tree, tracer: string, namespace: string): Tree {
  const { tracing, ...config } = (mesh['defaultConfig'] ?? {}) as Tree & { tracing?: Tree };
  const backend = backendOf(tracer, namespace);
  const elsewhere = ['zipkin', 'lightstep', 'datadog', 'stackdriver', 'openCensusAgent'];
  if (
    backend === undefined ||
    (tracing !== undefined && elsewhere.some((name) => Object.hasOwn(tracing, name)))
  ) {
    return mesh;
  }
  return { ...mesh, defaultConfig: { ...config, tracing: { ...tracing, ...backend } } };
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
