/** `mesh experimental revision`: control planes side by side. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'revision'],
  summary: 'Control planes side by side',
  description: 'Shows the control planes of a cluster by their revisions.',
} as const satisfies GroupMetadata;
