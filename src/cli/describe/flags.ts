/** Flags of the commands below `experimental describe`. */

import type { FlagSpecs } from '../command.ts';

export const DESCRIBE_FLAGS = {
  filename: {
    type: 'strings',
    short: 'f',
    value: 'FILE',
    commas: true,
    settable: false,
    complete: 'files',
    description: 'File, folder, or - for standard input, in place of a cluster; may be repeated',
  },
  meshConfigFile: {
    type: 'string',
    value: 'FILE',
    complete: 'files',
    description: "The mesh's settings; else those of the ConfigMap istio",
  },
  ignoreUnmeshed: { type: 'boolean', description: 'Do not warn of pods without a sidecar' },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    default: 'text',
    values: ['text', 'json', 'yaml'],
    description: 'Format of the description',
  },
  timeout: {
    type: 'duration',
    value: 'DURATION',
    default: '30s',
    description: 'Longest time that reading the cluster may take',
  },
} as const satisfies FlagSpecs;
