/** Arguments and flags that commands which read manifests have in common. */

import type { ArgSpec, FlagSpecs } from './command.ts';
import { REPORT_FORMATS } from './output/report-formats.ts';

/** Manifests as arguments. */
export const INPUT_ARGS = [
  {
    name: 'FILE',
    description: 'File, folder, or - for standard input',
    optional: true,
    repeated: true,
    complete: 'files',
  },
] as const satisfies readonly ArgSpec[];

/** Manifests by flag. */
export const INPUT_FLAGS = {
  filename: {
    type: 'strings',
    short: 'f',
    value: 'FILE',
    commas: true,
    settable: false,
    complete: 'files',
    description: 'File, folder, or - for standard input; may be repeated',
  },
} as const satisfies FlagSpecs;

/** Of commands that print findings. */
export const REPORT_FLAGS = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    default: 'log',
    values: REPORT_FORMATS,
    description: 'Format of the findings',
  },
} as const satisfies FlagSpecs;

/** What istioctl needs in order to look into folders. */
export const RECURSIVE_FLAGS = {
  recursive: {
    type: 'boolean',
    short: 'R',
    hidden: true,
    settable: false,
    description: 'Accepted: folders always are',
  },
} as const satisfies FlagSpecs;

/** Of commands that give manifests back changed. */
export const REWRITE_FLAGS = {
  ...INPUT_FLAGS,
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    settable: false,
    complete: 'files',
    description: 'File to write to; the words json and yaml choose the format of standard output instead',
  },
  'in-place': { type: 'boolean', settable: false, description: 'Write each file back where it was read' },
  check: {
    type: 'boolean',
    settable: false,
    description: 'Write nothing, and exit with 1 if something would change',
  },
} as const satisfies FlagSpecs;
