/** What of a bootstrap is refused when it is put into force: told with the bootstrap's name. */

import { create } from '@bufbuild/protobuf';
import { MeshError } from '../../base/mesh-error.ts';
import { ExtensionSchema } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { HTTP_FILTERS } from '../http-filters/filters.ts';
import { BindError } from '../listeners/acceptor.ts';
import type { LoadedBootstrap } from './bootstrap.ts';

/** What is refused of the bootstrap, with the bootstrap's name. */
export function refusing<Value>({ source }: LoadedBootstrap, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof MeshError) throw error;
    throw new MeshError('Unsupported', (error as Error).message, { where: { file: source }, cause: error });
  }
}

/** Puts each into force; all that are refused are told of together. */
export function putAll<Resource extends { readonly name: string }>(
  loaded: LoadedBootstrap,
  resources: readonly Resource[],
  list: string,
  put: (resource: Resource) => void,
): void {
  const reasons: string[] = [];
  let first: unknown;
  for (const [index, resource] of resources.entries()) {
    try {
      put(resource);
    } catch (error) {
      first ??= error;
      reasons.push(`static_resources.${list}[${index}] (${resource.name}): ${(error as Error).message}`);
    }
  }
  if (reasons.length === 0) return;
  const code = first instanceof BindError ? 'AddressInUse' : 'Unsupported';
  throw new MeshError(code, reasons.join('\n'), { where: { file: loaded.source }, cause: first });
}

/** Whoever asks a controller has to say who it is. Filters stand in it, so that a controller can send what there is. */
export function nodeOf({ bootstrap, source }: LoadedBootstrap): NonNullable<typeof bootstrap.node> {
  const { node } = bootstrap;
  const isDynamic = bootstrap.dynamicResources?.adsConfig !== undefined;
  if (node === undefined || (isDynamic && (node.id === '' || node.cluster === ''))) {
    throw new MeshError('MissingSetting', 'node.id and node.cluster are missing', {
      hint: 'Set them in the bootstrap, or with --service-node and --service-cluster.',
      where: { file: source, field: 'node' },
    });
  }
  const extensions = HTTP_FILTERS.map(({ typeName }) =>
    create(ExtensionSchema, {
      name: `envoy.filters.http.${/\.http\.(\w+)/.exec(typeName)?.[1] ?? typeName}`,
      category: 'envoy.filters.http',
      typeUrls: [typeName],
    }),
  );
  return { ...node, extensions: [...node.extensions, ...extensions] };
}
