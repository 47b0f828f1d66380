/** `mesh experimental authz`. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'authz'],
  summary: 'Look into who may call what',
  description: 'Shows what the policies on authorization come to.',
} as const satisfies GroupMetadata;
