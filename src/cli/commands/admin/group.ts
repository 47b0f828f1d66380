/** `mesh admin`: looks after the control plane. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['admin'],
  aliases: ['istiod'],
  summary: 'Look after the control plane',
  description: 'Shows and changes how the control plane runs.',
} as const satisfies GroupMetadata;
