/** Settings of sidecars from the ConfigMaps `istio-sidecar-injector` and `istio`, as they are at the moment. */

import { MeshError } from '../../base/mesh-error.ts';
import { packageVersion } from '../../base/package-version.ts';
import type { Log } from '../../base/log.ts';
import type { MeshObject } from '../../config/object.ts';
import type { InjectSettings } from '../../inject/settings.ts';
import { asMap, injectSettings } from '../../inject/sources.ts';
import { readDocuments } from '../../inject/stream.ts';
import type { Json, JsonMap } from '../../inject/yaml/value.ts';
import type { MeshState } from '../mesh-state.ts';

export interface InjectionSettingsOptions {
  readonly state: MeshState;
  readonly istioNamespace: string;
  /** Of this control plane; empty or `default` for the one without a name. */
  readonly revision: string;
  readonly log: Log;
}

export class InjectionSettings {
  readonly #options: InjectionSettingsOptions;
  #readFrom: readonly unknown[] = [];
  #good: InjectSettings | undefined;
  #fault: MeshError | undefined;

  constructor(options: InjectionSettingsOptions) {
    this.#options = options;
  }

  /**
   * The settings that are in force. Texts that cannot be used are logged once, and those before them stay in force.
   * Throws a `MeshError` where there are none.
   */
  current(): InjectSettings {
    const { state } = this.#options;
    const injector = this.#map('istio-sidecar-injector');
    const mesh = this.#map('istio');
    if (injector === undefined) {
      const { istioNamespace } = this.#options;
      throw new MeshError('NotFound', `there is no ConfigMap ${istioNamespace}/${this.#named(INJECTOR)}`, {
        hint: 'It says how sidecars are made; mesh install makes it.',
      });
    }
    const from = [injector, mesh, state.meshConfig];
    if (from.some((one, index) => one !== this.#readFrom[index]) || this.#readFrom.length === 0) {
      this.#readFrom = from;
      this.#read(injector, mesh);
    }
    if (this.#good !== undefined) return this.#good;
    throw this.#fault ?? new MeshError('InvalidInjectConfig', 'there are no settings of sidecars');
  }

  #read(injector: MeshObject, mesh: MeshObject | undefined): void {
    const { state, log } = this.#options;
    try {
      const config = textOf(injector, 'config');
      if (config === undefined) {
        throw new MeshError('InvalidInjectConfig', `the ConfigMap ${injector.meta.name} has no key config`);
      }
      const values = asMap(textOf(injector, 'values'), 'its key values');
      // A file of settings wins over the ConfigMap for proxies too.
      const meshMap =
        state.meshConfig === undefined
          ? asMap(mesh === undefined ? {} : textOf(mesh, 'mesh'), 'the ConfigMap istio')
          : (JSON.parse(JSON.stringify(state.meshConfig)) as JsonMap);
      this.#good = injectSettings({
        version: packageVersion(),
        config: { value: config, where: `ConfigMap ${injector.meta.name}` },
        values: [values],
        mesh: meshMap,
      });
      this.#fault = undefined;
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      this.#fault = error;
      log.error('the settings of sidecars are not taken; those before stay in force', {
        ...error.where,
        reason: error.message,
      });
    }
  }

  #map(name: string): MeshObject | undefined {
    const { state, istioNamespace } = this.#options;
    const wanted = this.#named(name);
    // Of several sources the last one counts.
    return state.objects.findLast(
      ({ key, meta }) =>
        key === 'core/ConfigMap' && meta.name === wanted && (meta.namespace ?? 'default') === istioNamespace,
    );
  }

  #named(name: string): string {
    const { revision } = this.#options;
    return revision === '' || revision === 'default' ? name : `${name}-${revision}`;
  }
}

const INJECTOR = 'istio-sidecar-injector';

/** What a key of a ConfigMap holds, as a value; undefined where there is no such key. */
function textOf({ value, meta }: MeshObject, key: string): Json | undefined {
  const { data } = value;
  const text = typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[key] : undefined;
  return typeof text === 'string'
    ? (readDocuments(text, `ConfigMap ${meta.name}, key ${key}`)[0] ?? {})
    : undefined;
}
