/** Flags that every command takes. */

import type { FlagSpecs } from './command.ts';

export const GLOBAL_FLAGS = {
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    names: 'namespace',
    complete: 'namespaces',
    description: 'Namespace to work in, and the one of objects that name none',
  },
  istioNamespace: {
    type: 'string',
    short: 'i',
    value: 'NAMESPACE',
    names: 'namespace',
    complete: 'namespaces',
    default: 'istio-system',
    description: 'Namespace of the control plane and of mesh-wide policies',
  },
  kubeconfig: {
    type: 'string',
    short: 'c',
    value: 'FILE',
    complete: 'files',
    description: 'Kubernetes configuration file',
  },
  context: { type: 'string', value: 'NAME', description: 'Context of the Kubernetes configuration to use' },
  color: {
    type: 'string',
    value: 'WHEN',
    default: 'auto',
    bare: 'always',
    values: ['auto', 'always', 'never', 'true', 'false'],
    description: 'Colour the output: auto, always or never',
  },
  verbose: { type: 'boolean', short: 'v', description: 'Say more, and show stack traces of errors' },
  help: { type: 'boolean', short: 'h', settable: false, description: 'Show this help' },

  as: { type: 'string', value: 'USER', hidden: true, description: 'User to impersonate' },
  'as-uid': { type: 'string', value: 'UID', hidden: true, description: 'UID to impersonate' },
  'as-group': {
    type: 'strings',
    value: 'GROUP',
    hidden: true,
    description: 'Group to impersonate; may be repeated',
  },
  'kubeclient-timeout': {
    type: 'duration',
    value: 'DURATION',
    default: '15s',
    hidden: true,
    description: 'Longest wait for an answer of the Kubernetes API',
  },
} as const satisfies FlagSpecs;

/** Flags of istioctl's own logging. Scripts pass them; they change nothing here. */
export const IGNORED_FLAGS = {
  vklog: {
    type: 'string',
    value: 'LEVEL',
    hidden: true,
    settable: false,
    description: 'Accepted and ignored',
  },
  log_as_json: { type: 'boolean', hidden: true, settable: false, description: 'Accepted and ignored' },
  log_caller: { type: 'string', hidden: true, settable: false, description: 'Accepted and ignored' },
  log_output_level: { type: 'string', hidden: true, settable: false, description: 'Accepted and ignored' },
  log_stacktrace_level: {
    type: 'string',
    hidden: true,
    settable: false,
    description: 'Accepted and ignored',
  },
  log_target: { type: 'strings', hidden: true, settable: false, description: 'Accepted and ignored' },
} as const satisfies FlagSpecs;

export type GlobalFlags = typeof GLOBAL_FLAGS;

/** A command's own flags win over the global ones of the same name. */
export function allFlags(own: FlagSpecs): FlagSpecs {
  return { ...GLOBAL_FLAGS, ...IGNORED_FLAGS, ...own };
}
