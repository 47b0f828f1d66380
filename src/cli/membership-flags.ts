/** Flags of the commands that change whether Deployments are in the mesh. */

import type { FlagSpecs } from './command.ts';

/** How the sidecar is made; what no flag says comes from the ConfigMaps of the control plane. */
export const SIDECAR_FLAGS = {
  injectConfigFile: {
    type: 'string',
    value: 'FILE',
    settable: false,
    complete: 'files',
    description: 'Injection configuration, in place of that of the cluster',
  },
  injectConfigMapName: {
    type: 'string',
    value: 'NAME',
    description: 'ConfigMap with the injection configuration',
  },
  meshConfigFile: {
    type: 'string',
    value: 'FILE',
    settable: false,
    complete: 'files',
    description: 'MeshConfig, in place of that of the cluster',
  },
  meshConfigMapName: { type: 'string', value: 'NAME', description: 'ConfigMap with the MeshConfig' },
  valuesFile: {
    type: 'string',
    value: 'FILE',
    settable: false,
    complete: 'files',
    description: 'Values of the installation, in place of those of the cluster',
  },
  revision: {
    type: 'string',
    short: 'r',
    value: 'REVISION',
    complete: 'revisions',
    description: 'Revision of the control plane',
  },
} as const satisfies FlagSpecs;

/** On both. */
export const MEMBERSHIP_FLAGS = {
  timeout: {
    type: 'duration',
    value: 'DURATION',
    default: '30s',
    description: 'Longest wait for the cluster',
  },
} as const satisfies FlagSpecs;
