/** `mesh experimental config`: the defaults of flags. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'config'],
  summary: 'Defaults of flags',
  description: 'Shows the defaults of flags and where they come from.',
} as const satisfies GroupMetadata;
