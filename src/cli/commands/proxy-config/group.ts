/** `mesh proxy-config`: what proxies are configured with. */

import type { GroupMetadata } from '../../command.ts';

export const metadata = {
  path: ['proxy-config'],
  aliases: ['pc'],
  summary: 'Show what a proxy is configured with',
  description:
    'Reads the configuration of a proxy from its admin interface, which it reaches through the Kubernetes API, or ' +
    'from a dump that was saved. See docs/inspect.md.',
} as const satisfies GroupMetadata;
