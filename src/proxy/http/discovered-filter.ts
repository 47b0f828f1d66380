/** A filter whose settings come by discovery (`config_discovery`): each version takes the place of the one before. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { InvalidConfigError, typeNameOf } from '../config-error.ts';
import type { CompiledFilter, HttpFilter } from '../http-filters/filter.ts';
import type { ExtensionConfigs } from '../listeners/network-filter.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { withoutTypedStruct } from '../typed-struct.ts';

export interface DiscoveredFilter extends CompiledFilter {
  /** Resolves when there are settings, or nobody waits for them any longer. */
  readonly warm: Promise<void>;
}

/** Nobody knows what the filter would have done: no request passes. */
const MISSING: HttpFilter = {
  onRequestHeaders(stream) {
    stream.info.responseFlags.push('NFCF');
    stream.reply({ status: 500, body: '', details: 'filter_config_not_found' });
    return 'stop';
  },
};

/** `compile` throws for settings that are not supported. */
export function discoveredFilter(
  name: string,
  discovery: ExtensionConfigSource,
  extensions: ExtensionConfigs | undefined,
  compile: (settings: Any) => CompiledFilter,
): DiscoveredFilter {
  const field = `http_filters[${name}].config_discovery`;
  const { configSource, defaultConfig, applyDefaultConfigWithoutWarming, typeUrls } = discovery;
  if (configSource === undefined) throw new InvalidConfigError(field, 'config_source is missing');
  if (extensions === undefined) throw new UnsupportedError(field);
  const types = new Set(typeUrls.map((url) => url.slice(url.lastIndexOf('/') + 1)));
  const checked = (written: Any): CompiledFilter => {
    const settings = withoutTypedStruct(written);
    const type = typeNameOf(settings);
    if (!types.has(type)) throw new InvalidConfigError(field, `${type} is not among its type_urls`);
    return compile(settings);
  };
  let current = defaultConfig === undefined ? undefined : checked(defaultConfig);
  const handle = extensions.subscribe(name, configSource, (settings) => {
    const next = checked(settings);
    current?.close?.();
    current = next;
  });
  return {
    name,
    warm: applyDefaultConfigWithoutWarming ? Promise.resolve() : handle.warm,
    forStream: (stream) => (current === undefined ? MISSING : current.forStream(stream)),
    close() {
      handle.release();
      current?.close?.();
    },
  };
}
