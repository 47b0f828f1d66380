/** `mesh profile`: the sets of settings that are built in. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['profile'],
  summary: 'Show the built-in installation profiles',
  description:
    'Lists the profiles that an installation can start from, shows their settings and compares them.',
} as const satisfies GroupMetadata;
