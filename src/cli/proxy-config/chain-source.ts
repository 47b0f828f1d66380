/** The objects that a filter chain and its routes were made of. */

import { list } from './fields.ts';
import { settingsOf } from './filter-chain.ts';
import { sourceObject } from './source-object.ts';

/** `DestinationRule shop/web`; several with commas between them; empty when nothing names any. */
export function chainSource(chain: unknown): string {
  const routes = list(chain, 'filters').flatMap((filter) =>
    list(settingsOf(filter), 'route_config', 'virtual_hosts').flatMap((host) => list(host, 'routes')),
  );
  const sources = [chain, ...routes].map(sourceObject).filter((source) => source !== '');
  return [...new Set(sources)].join(', ');
}
