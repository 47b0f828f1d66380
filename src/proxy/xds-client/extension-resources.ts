/** Settings of filters by name (ECDS). */

import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { TypedExtensionConfigSchema } from '../../xds/proto/generated/envoy/config/core/v3/extension_pb.js';
import type { ExtensionConfigs, ExtensionHandle } from '../listeners/network-filter.ts';
import type { ResourceSources } from './config-sources.ts';
import { NamedResources } from './named-resources.ts';
import { EXTENSION_TYPE } from './resource-types.ts';

export class ExtensionResources implements ExtensionConfigs {
  readonly #named: NamedResources<Any>;

  constructor(sources: ResourceSources) {
    this.#named = new NamedResources(sources, EXTENSION_TYPE, (value) => {
      const settings = anyUnpack(value, TypedExtensionConfigSchema)?.typedConfig;
      if (settings === undefined) throw new Error('it has no typed_config');
      return settings;
    });
  }

  subscribe(name: string, source: ConfigSource, onConfig: (settings: Any) => void): ExtensionHandle {
    return this.#named.subscribe(name, source, onConfig);
  }

  close(): void {
    this.#named.close();
  }
}
