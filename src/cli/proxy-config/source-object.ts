/** The object of the configuration that a resource was made of, as its metadata names it. */

import { text } from './fields.ts';

/** `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/web`; empty when the resource names none. */
export function configPathOf(resource: unknown): string {
  return text(resource, 'metadata', 'filter_metadata', 'istio', 'config');
}

/** `web.shop`; empty when there is none, and `<unknown>` for an object that is not the mesh's. */
export function sourceName(resource: unknown): string {
  const path = configPathOf(resource);
  if (path === '') return '';
  if (!path.startsWith('/apis/networking.istio.io/')) return '<unknown>';
  const parts = path.split('/');
  return parts.length === 8 ? `${parts[7]}.${parts[5]}` : '';
}

/** `VirtualService shop/web`, and the subset of a DestinationRule; empty when the resource names no object. */
export function sourceObject(resource: unknown): string {
  const parts = configPathOf(resource).split('/');
  const [, , , , , namespace = '', kind = '', name = ''] = parts;
  if (parts.length !== 8) return '';
  const words = kind.split('-').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  const subset = text(resource, 'metadata', 'filter_metadata', 'istio', 'subset');
  return `${words.join('')} ${namespace}/${name}${subset === '' ? '' : ` subset ${subset}`}`;
}
