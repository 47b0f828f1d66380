/** Arguments and flags that the commands below `proxy-config` have in common. */

import type { ArgSpec, FlagSpecs } from '../command.ts';

export const PROXY_ARG = {
  name: 'POD',
  description: 'Pod, or TYPE/NAME for the first pod of a workload; .NAMESPACE may follow',
  optional: true,
  complete: 'pods',
} as const satisfies ArgSpec;

export const ADMIN_PORT_FLAG = {
  'proxy-admin-port': {
    type: 'integer',
    value: 'PORT',
    default: 15000,
    description: "Port of the proxy's admin interface",
  },
} as const satisfies FlagSpecs;

export const DUMP_FLAGS = {
  file: {
    type: 'string',
    short: 'f',
    value: 'FILE',
    settable: false,
    complete: 'files',
    description: 'Saved dump in place of a pod, or - for standard input; needs no cluster',
  },
  ...ADMIN_PORT_FLAG,
} as const satisfies FlagSpecs;

const FORMATS = ['short', 'json', 'yaml'] as const;

export const FORMAT_FLAG = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    default: 'short',
    values: FORMATS,
    description: 'A table (short), or everything as json or yaml',
  },
} as const satisfies FlagSpecs;

export type DumpFormat = (typeof FORMATS)[number];

export const EXPLAIN_FLAG = {
  explain: { type: 'boolean', description: 'Name the object that each row was made of' },
} as const satisfies FlagSpecs;

export const CLUSTER_FILTERS = {
  fqdn: {
    type: 'string',
    value: 'TEXT',
    settable: false,
    description: 'Only clusters with this in their host',
  },
  subset: {
    type: 'string',
    value: 'TEXT',
    settable: false,
    description: 'Only clusters with this in their subset',
  },
  direction: {
    type: 'string',
    value: 'TEXT',
    settable: false,
    description: 'Only clusters of this direction: inbound, outbound',
  },
} as const satisfies FlagSpecs;

export const LISTENER_FILTERS = {
  address: {
    type: 'string',
    value: 'ADDRESS',
    settable: false,
    description: 'Only listeners on this address',
  },
  type: {
    type: 'string',
    value: 'TYPE',
    values: ['HTTP', 'TCP', 'HTTP+TCP', 'UNKNOWN'],
    settable: false,
    description: 'Only listeners of this type',
  },
} as const satisfies FlagSpecs;

export const ENDPOINT_FILTERS = {
  address: {
    type: 'string',
    value: 'ADDRESS',
    settable: false,
    description: 'Only endpoints at this address',
  },
  cluster: { type: 'string', value: 'NAME', settable: false, description: 'Only endpoints of this cluster' },
  status: {
    type: 'string',
    value: 'STATUS',
    settable: false,
    description: 'Only endpoints in this state: HEALTHY, UNHEALTHY, …',
  },
} as const satisfies FlagSpecs;

export function portFlag(what: string) {
  return {
    port: { type: 'integer', value: 'PORT', settable: false, description: `Only ${what} on this port` },
  } as const satisfies FlagSpecs;
}

export const ROUTE_FILTERS = {
  name: {
    type: 'string',
    value: 'NAME',
    settable: false,
    description: 'Only the configuration of this name',
  },
} as const satisfies FlagSpecs;

/** Takes the place of the flag that says more of errors; istioctl has it so. */
export const ROWS_FLAG = {
  verbose: {
    type: 'boolean',
    default: true,
    description:
      'A row for each route or chain; --verbose=false shows one for each configuration or listener',
  },
} as const satisfies FlagSpecs;

export const DUMP_EXIT_CODES = {
  0: 'The configuration was shown',
  1: 'The proxy or the file cannot be read, or has nothing of this',
  2: 'Wrong usage',
} as const;
