/** `mesh experimental describe`. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'describe'],
  aliases: ['des'],
  summary: 'Tell what of the configuration concerns a pod or a service',
  description: 'Gathers the objects that decide about the traffic of a pod or a service.',
} as const satisfies GroupMetadata;
