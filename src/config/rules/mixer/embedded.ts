/**
 * Finds the parts of handlers and instances that are objects of another kind: the parameters of a built-in
 * adapter or template. They are checked as an object of that kind is.
 */

import type { FieldPath } from '../../../base/field-path.ts';
import type { KindKey } from '../../../api/kind-info.ts';
import type { MeshObject } from '../../object.ts';
import { isMap } from './values.ts';

/** Adapters that are built into Mixer, each of which has a kind of the same name. */
export const COMPILED_ADAPTERS: readonly string[] = `
  bypass circonus cloudwatch denier dogstatsd fluentd kubernetesenv listchecker memquota noop opa
  prometheus rbac redisquota signalfx solarwinds stackdriver statsd stdio zipkin
`
  .trim()
  .split(/\s+/);

/** Templates that are built into Mixer, each of which has a kind of the same name. */
export const COMPILED_TEMPLATES: readonly string[] = `
  apikey authorization checknothing edge kubernetes listentry logentry metric quota reportnothing
  tracespan
`
  .trim()
  .split(/\s+/);

/** A part of an object that is to be checked as the `spec` of another kind. */
export interface EmbeddedPart {
  readonly key: KindKey;
  /** The value of that kind. */
  readonly value: { readonly spec: Readonly<Record<string, unknown>> };
  /** Where its `spec` stands in the object. */
  readonly path: FieldPath;
  readonly wrapper: 'spec';
}

/**
 * The parts of an object that another kind describes; none for most objects. Only adapters and templates that
 * are built in have kinds: what others take is not known. Parameters that are no map are left to the schema.
 */
export function embeddedParts(object: Pick<MeshObject, 'key' | 'value'>): readonly EmbeddedPart[] {
  if (object.key === 'config.istio.io/handler') {
    return parts(object.value['spec'], ['compiledAdapter', 'compiled_adapter'], COMPILED_ADAPTERS);
  }
  if (object.key === 'config.istio.io/instance') {
    return parts(object.value['spec'], ['compiledTemplate', 'compiled_template'], COMPILED_TEMPLATES);
  }
  return [];
}

function parts(spec: unknown, fields: readonly string[], known: readonly string[]): EmbeddedPart[] {
  if (!isMap(spec)) return [];
  const kind = fields.map((field) => spec[field]).find((name) => name !== undefined);
  const params = spec['params'] ?? {};
  if (typeof kind !== 'string' || !known.includes(kind) || !isMap(params)) return [];
  return [
    { key: `config.istio.io/${kind}`, value: { spec: params }, path: ['spec', 'params'], wrapper: 'spec' },
  ];
}
