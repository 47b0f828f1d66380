/** Settings of an injection from what files and flags hold. */

import { MeshError } from '../base/mesh-error.ts';
import { readInjectConfig } from './config.ts';
import { defaultValues, mapAt, mergeValues, textAt } from './settings.ts';
import type { InjectSettings } from './settings.ts';
import { isMap } from './yaml/value.ts';
import type { Json, JsonMap } from './yaml/value.ts';

/** What the settings are made from; whatever is absent is as built in. */
export interface InjectSources {
  /** Version of this package, the tag of its images. */
  readonly version: string;
  /** The injection configuration, parsed, and how errors name it. */
  readonly config?: { readonly value: Json; readonly where: string };
  /** Values of the installation, each laid over the ones before. */
  readonly values?: readonly JsonMap[];
  readonly mesh?: JsonMap;
  readonly revision?: string;
  readonly istioNamespace?: string;
  readonly nativeSidecar?: boolean;
  /** Namespace of objects that name none. */
  readonly defaultNamespace?: string;
}

/** Throws a MeshError for a configuration that cannot be used. */
export function injectSettings(sources: InjectSources): InjectSettings {
  const { version, mesh = {}, istioNamespace, nativeSidecar } = sources;
  let values = (sources.values ?? []).reduce(mergeValues, defaultValues(version));
  if (istioNamespace !== undefined) values = mergeValues(values, { global: { istioNamespace } });
  if (nativeSidecar !== undefined) values = mergeValues(values, { global: { proxy: { nativeSidecar } } });
  const webhook = mapAt(values, 'sidecarInjectorWebhook');
  const fromValues = Object.fromEntries(
    [
      'templates',
      'aliases',
      'defaultTemplates',
      'neverInjectSelector',
      'alwaysInjectSelector',
      'injectedAnnotations',
    ]
      .filter((key) => webhook[key] !== undefined)
      .map((key): [string, Json] => [key, webhook[key] ?? null]),
  );
  const config =
    sources.config === undefined
      ? readInjectConfig(fromValues, 'values.sidecarInjectorWebhook')
      : readInjectConfig(sources.config.value, sources.config.where);
  const revision = sources.revision ?? textAt(values, 'revision');
  if (!/^[a-z0-9]?(?:[-a-z0-9.]*[a-z0-9])?$/.test(revision)) {
    throw new MeshError('BadArgument', `"${revision}" is no name of a revision`, {
      hint: 'Revisions are of small letters, digits and dashes, as "canary" or "1-2-0".',
    });
  }
  return { config, values, mesh, revision, defaultNamespace: sources.defaultNamespace ?? '' };
}

/** A parsed text as a map. Throws a MeshError for anything else; an empty text is an empty map. */
export function asMap(value: Json | undefined, what: string): JsonMap {
  if (value === undefined || value === null) return {};
  if (!isMap(value)) throw new MeshError('InvalidInjectConfig', `${what} must hold a map`);
  return value;
}
