/** `mesh authn`: how callers are authenticated. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['authn'],
  summary: 'Look into how callers are authenticated',
  description: 'Shows what the policies on authentication come to.',
} as const satisfies GroupMetadata;
