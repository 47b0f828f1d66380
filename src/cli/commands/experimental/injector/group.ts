/** `mesh experimental injector`: who injects sidecars. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'injector'],
  summary: 'Who injects sidecars',
  description: 'Shows the webhooks that inject sidecars, and what they inject.',
} as const satisfies GroupMetadata;
