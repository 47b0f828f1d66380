/** `mesh tag`: names for revisions of the control plane. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['tag'],
  summary: 'Stable names for revisions of the control plane',
  description:
    'A tag is a name that namespaces and pods use in istio.io/rev in place of a revision. To move them to ' +
    'another revision, the tag is moved.',
} as const satisfies GroupMetadata;
