/** `mesh experimental remove-from-mesh`: what runs is no longer part of the mesh. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'remove-from-mesh'],
  aliases: ['rm'],
  summary: 'Take the sidecar out of what runs',
  description: 'Takes the sidecar out of Deployments of a cluster, which then replace their pods.',
} as const satisfies GroupMetadata;
