/** The mesh's own settings: MeshConfig with Istio's defaults filled in where the model reads them. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import { DEFAULT_DOMAIN } from './hosts.ts';

export type MeshConfig = KindTypes['mesh.istio.io/MeshConfig'];
export type MeshNetworks = KindTypes['mesh.istio.io/MeshNetworks'];

export interface MeshSettings {
  readonly config: MeshConfig;
  readonly networks: MeshNetworks;
  /** Where mesh-wide policies live. */
  readonly rootNamespace: string;
  /** Where the control plane is installed. */
  readonly istioNamespace: string;
  /** Domain of the cluster's services. */
  readonly domain: string;
  /** What the cluster is called in metrics, as its proxies call it too. */
  readonly clusterId: string;
  /** Namespaces whose objects count; undefined for all. */
  readonly discovered?: readonly string[] | undefined;
}

/** Istio's own name for a cluster that nobody has named. */
const DEFAULT_CLUSTER_ID = 'Kubernetes';

/** Settings from a MeshConfig as read; what is not said has Istio's default. */
export function meshSettings(
  config: MeshConfig = {},
  options: {
    networks?: MeshNetworks;
    istioNamespace?: string;
    domain?: string;
    clusterId?: string;
    discovered?: readonly string[] | undefined;
  } = {},
): MeshSettings {
  const istioNamespace = options.istioNamespace ?? 'istio-system';
  return {
    config,
    networks: options.networks ?? {},
    istioNamespace,
    rootNamespace:
      config.rootNamespace !== undefined && config.rootNamespace !== ''
        ? config.rootNamespace
        : istioNamespace,
    domain: options.domain ?? DEFAULT_DOMAIN,
    clusterId: options.clusterId ?? DEFAULT_CLUSTER_ID,
    ...(options.discovered !== undefined && { discovered: options.discovered }),
  };
}
