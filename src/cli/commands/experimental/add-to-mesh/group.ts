/** `mesh experimental add-to-mesh`: what runs already becomes part of the mesh. */

import type { GroupMetadata } from '../../../command.ts';

export const metadata = {
  path: ['experimental', 'add-to-mesh'],
  aliases: ['add'],
  summary: 'Put the sidecar into what runs already',
  description: 'Puts the sidecar into Deployments of a cluster, which then replace their pods.',
} as const satisfies GroupMetadata;
