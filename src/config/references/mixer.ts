/** References between Mixer's objects: a rule calls a handler with instances (Istio up to 1.4). */

import type { FieldPath } from '../../base/field-path.ts';
import { nearestName } from '../../base/nearest.ts';
import type { MeshObject } from '../object.ts';
import { COMPILED_ADAPTERS, COMPILED_TEMPLATES } from '../rules/mixer/embedded.ts';
import type { RuleReport } from '../rules/rule.ts';
import { fieldOf, listOf, spellingOf, textOf } from './fields.ts';
import type { ObjectNames } from './names.ts';

const GROUP = 'config.istio.io';

/** Templates that each built-in adapter takes. https://istio.io/v1.4/docs/reference/config/policy-and-telemetry/adapters/ */
const TEMPLATES_OF_ADAPTER: Readonly<Record<string, readonly string[]>> = {
  bypass: ['checknothing', 'reportnothing', 'metric', 'quota'],
  circonus: ['metric'],
  cloudwatch: ['metric', 'logentry'],
  denier: ['checknothing', 'listentry', 'quota'],
  dogstatsd: ['metric'],
  fluentd: ['logentry'],
  kubernetesenv: ['kubernetes'],
  listchecker: ['listentry'],
  memquota: ['quota'],
  noop: [
    'authorization',
    'checknothing',
    'reportnothing',
    'listentry',
    'logentry',
    'metric',
    'quota',
    'tracespan',
  ],
  opa: ['authorization'],
  prometheus: ['metric'],
  rbac: ['authorization'],
  redisquota: ['quota'],
  signalfx: ['metric', 'tracespan'],
  solarwinds: ['metric', 'logentry'],
  stackdriver: ['edge', 'logentry', 'metric', 'tracespan'],
  statsd: ['metric'],
  stdio: ['logentry', 'metric'],
  zipkin: ['tracespan'],
};

/** The general kind, and the older kinds named after each adapter or template. */
const HANDLER_KINDS = ['handler', ...COMPILED_ADAPTERS];
const INSTANCE_KINDS = ['instance', ...COMPILED_TEMPLATES];

/** Each action's handler and instances must be there, and the handler must take such instances. */
export function checkMixerRule(object: MeshObject, names: ObjectNames, report: RuleReport): void {
  for (const [index, action] of listOf(object.value['spec'], 'actions').entries()) {
    const path: FieldPath = ['spec', 'actions', index];
    const handlerName = textOf(action, 'handler');
    const handler = lookUp(names, object, HANDLER_KINDS, handlerName);
    if (handler === undefined && handlerName !== '' && hasAny(names, HANDLER_KINDS)) {
      broken(report, [...path, 'handler'], 'handler', handlerName, suggestions(names, object, HANDLER_KINDS));
    }
    for (const [at, instanceName] of listOf(action, 'instances').entries()) {
      if (typeof instanceName !== 'string' || instanceName === '') continue;
      const place = [...path, 'instances', at];
      const instance = lookUp(names, object, INSTANCE_KINDS, instanceName);
      if (instance !== undefined) checkTemplate(report, place, handler, instance);
      else if (hasAny(names, INSTANCE_KINDS)) {
        broken(report, place, 'instance', instanceName, suggestions(names, object, INSTANCE_KINDS));
      }
    }
  }
}

/** A handler's own adapter, an instance's own template and an adapter's templates must be there. */
export function checkMixerPart(object: MeshObject, names: ObjectNames, report: RuleReport): void {
  const spec = object.value['spec'];
  const check = (path: FieldPath, kind: string, name: string): void => {
    if (name === '' || !hasAny(names, [kind])) return;
    if (lookUp(names, object, [kind], name) === undefined) {
      broken(report, path, kind, name, suggestions(names, object, [kind]));
    }
  };
  if (object.kind === 'handler' && textOf(spec, 'compiledAdapter') === '') {
    check(['spec', 'adapter'], 'adapter', textOf(spec, 'adapter'));
  } else if (object.kind === 'instance' && textOf(spec, 'compiledTemplate') === '') {
    check(['spec', 'template'], 'template', textOf(spec, 'template'));
  } else if (object.kind === 'adapter') {
    for (const [index, name] of listOf(spec, 'templates').entries()) {
      if (typeof name === 'string') check(['spec', 'templates', index], 'template', name);
    }
  }
}

/** A binding's specs must be there, each in the namespace that it names or in the binding's own. */
export function checkSpecBinding(object: MeshObject, names: ObjectNames, report: RuleReport): void {
  const [kind, field] =
    object.kind === 'QuotaSpecBinding'
      ? (['QuotaSpec', 'quotaSpecs'] as const)
      : (['HTTPAPISpec', 'apiSpecs'] as const);
  const key = `${GROUP}/${kind}`;
  if (!names.has(key)) return;
  const spec = object.value['spec'];
  for (const [index, reference] of listOf(spec, field).entries()) {
    const name = textOf(reference, 'name');
    const namespace = textOf(reference, 'namespace') || names.namespaceOf(object);
    if (name === '' || names.find(key, namespace, name) !== undefined) continue;
    const path = ['spec', spellingOf(spec, field), index, 'name'];
    broken(report, path, kind, `${namespace}/${name}`, names.namesIn(key, namespace));
  }
}

function checkTemplate(
  report: RuleReport,
  path: FieldPath,
  handler: MeshObject | undefined,
  instance: MeshObject,
): void {
  const adapter = handler === undefined ? '' : builtIn(handler, 'handler', 'compiledAdapter');
  const template = builtIn(instance, 'instance', 'compiledTemplate');
  const taken = Object.hasOwn(TEMPLATES_OF_ADAPTER, adapter) ? TEMPLATES_OF_ADAPTER[adapter] : undefined;
  if (taken === undefined || template === '' || taken.includes(template)) return;
  report.error(path, `the adapter ${adapter} takes no ${template}, which instance ${instance.meta.name} is`, {
    check: 'BrokenReference',
    hint: `It takes ${taken.join(', ')}.`,
  });
}

/** The built-in adapter or template of an object, which the older kinds have in their name. */
function builtIn(object: MeshObject, general: string, field: string): string {
  if (object.kind !== general) return object.kind;
  return String(fieldOf(object.value['spec'], field) ?? '');
}

function hasAny(names: ObjectNames, kinds: readonly string[]): boolean {
  return kinds.some((kind) => names.has(`${GROUP}/${kind}`));
}

/** `name`, `name.namespace`, `name.kind` or `name.kind.namespace`. */
function lookUp(
  names: ObjectNames,
  from: MeshObject,
  kinds: readonly string[],
  reference: string,
): MeshObject | undefined {
  const [name = '', second, third] = reference.split('.');
  const namespace = names.namespaceOf(from);
  if (third !== undefined) return find(names, [second ?? ''], third, name);
  const general = kinds.slice(0, 1);
  if (second === undefined) return find(names, general, namespace, name);
  return find(names, [second], namespace, name) ?? find(names, general, second, name);
}

function find(
  names: ObjectNames,
  kinds: readonly string[],
  namespace: string,
  name: string,
): MeshObject | undefined {
  for (const kind of kinds) {
    const object = names.find(`${GROUP}/${kind}`, namespace, name);
    if (object !== undefined) return object;
  }
  return undefined;
}

/** The names in the forms in which a rule would write them. */
function suggestions(names: ObjectNames, from: MeshObject, kinds: readonly string[]): readonly string[] {
  return kinds.flatMap((kind, index) =>
    names
      .namesIn(`${GROUP}/${kind}`, names.namespaceOf(from))
      .map((name) => (index === 0 ? name : `${name}.${kind}`)),
  );
}

function broken(
  report: RuleReport,
  path: FieldPath,
  kind: string,
  name: string,
  known: readonly string[],
): void {
  const nearest = nearestName(name, known);
  report.error(path, `there is no ${kind} ${name} among the objects given`, {
    check: 'BrokenReference',
    hint:
      nearest === undefined
        ? 'Give the file that has it, too, or leave this check out with --referential=false.'
        : `Did you mean ${nearest}?`,
  });
}
