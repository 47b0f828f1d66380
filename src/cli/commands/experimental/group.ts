/** `mesh experimental`: commands that may still change, and those that istioctl keeps there. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['experimental'],
  aliases: ['x', 'exp'],
  summary: 'Commands that may still change',
  description: 'Commands that may still change, and old names of commands that have left this group.',
} as const satisfies GroupMetadata;
