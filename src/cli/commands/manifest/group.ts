/** `mesh manifest`: what an installation is made of. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['manifest'],
  summary: 'Generate and compare installation manifests',
  description: 'Generates the manifests that an installation is made of, and compares them.',
} as const satisfies GroupMetadata;
