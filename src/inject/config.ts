/** The injection configuration: which templates there are, and which pods get one. A ConfigMap's key `config`. */

import { type LabelSelector, type Labels, matchesSelector } from '../base/label-selector.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { textsOf } from './pod/context.ts';
import { BUILTIN_TEMPLATES } from './pod/templates.ts';
import { parseCustomTemplate } from './pod/custom-template.ts';
import type { CustomTemplate } from './pod/custom-template.ts';
import { isMap } from './yaml/value.ts';
import type { Json, JsonMap } from './yaml/value.ts';

/** A template of ours by name, or one that the configuration spells out. */
export type TemplateSource = { readonly builtin: string } | { readonly custom: CustomTemplate };

export interface InjectConfig {
  /** Whether pods get a sidecar that say nothing about it. */
  readonly policy: 'enabled' | 'disabled';
  /** For pods that name no template. */
  readonly defaultTemplates: readonly string[];
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  readonly templates: Readonly<Record<string, TemplateSource>>;
  readonly neverInjectSelector: readonly LabelSelector[];
  readonly alwaysInjectSelector: readonly LabelSelector[];
  readonly injectedAnnotations: Readonly<Record<string, string>>;
}

const KEYS: readonly string[] = [
  'policy',
  'defaultTemplates',
  'aliases',
  'templates',
  'template',
  'neverInjectSelector',
  'alwaysInjectSelector',
  'injectedAnnotations',
];

/** The text of the configuration that is built in, as a ConfigMap carries it. */
export const DEFAULT_CONFIG_TEXT = `policy: enabled
defaultTemplates: [sidecar]
# Each is a name of a built-in template, or a partial pod that is merged into those which ask for it.
templates:
${Object.keys(BUILTIN_TEMPLATES)
  .map((name) => `  ${name}: builtin`)
  .join('\n')}
neverInjectSelector: []
alwaysInjectSelector: []
injectedAnnotations: {}
`;

/** Reads a configuration; what it leaves out is as built in. Throws a MeshError that names what cannot be used. */
export function readInjectConfig(value: Json | undefined, where: string): InjectConfig {
  if (value !== undefined && value !== null && !isMap(value)) throw bad(where, 'must be a map');
  const given: JsonMap = isMap(value) ? value : {};
  for (const key of Object.keys(given)) {
    if (KEYS.includes(key)) continue;
    const near = nearestName(key, KEYS);
    throw bad(where, `has no key "${key}"${near === undefined ? '' : `; did you mean ${near}?`}`);
  }
  const policy = given.policy ?? 'enabled';
  if (policy !== 'enabled' && policy !== 'disabled') throw bad(where, 'policy must be enabled or disabled');
  const defaults = textsOf(given.defaultTemplates);
  return {
    policy,
    defaultTemplates: defaults.length === 0 ? ['sidecar'] : defaults,
    aliases: Object.fromEntries(
      Object.entries(mapOf(given.aliases, where, 'aliases')).map(([name, list]) => [name, textsOf(list)]),
    ),
    templates: readTemplates(given, where),
    neverInjectSelector: selectors(given.neverInjectSelector, where, 'neverInjectSelector'),
    alwaysInjectSelector: selectors(given.alwaysInjectSelector, where, 'alwaysInjectSelector'),
    injectedAnnotations: texts(mapOf(given.injectedAnnotations, where, 'injectedAnnotations')),
  };
}

/** Whether a selector fits; one without any condition fits nothing. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false;
  return matchesSelector(selector, labels);
}

function readTemplates(given: JsonMap, where: string): Record<string, TemplateSource> {
  const result: Record<string, TemplateSource> = Object.fromEntries(
    Object.keys(BUILTIN_TEMPLATES).map((name) => [name, { builtin: name }]),
  );
  // Istio 1.4 knew one template only.
  const named = {
    ...(given.template === undefined ? {} : { sidecar: given.template }),
    ...mapOf(given.templates, where, 'templates'),
  };
  for (const [name, source] of Object.entries(named)) {
    if (typeof source === 'string' && /^\s*builtin(:.*)?\s*$/.test(source)) {
      const builtin = source.split(':')[1]?.trim() ?? name;
      if (!Object.hasOwn(BUILTIN_TEMPLATES, builtin)) {
        throw bad(
          where,
          `template ${name}: there is no built-in template "${builtin}", only ${Object.keys(BUILTIN_TEMPLATES).join(', ')}`,
        );
      }
      result[name] = { builtin };
    } else if (source !== null) result[name] = { custom: parseCustomTemplate(name, source, where) };
  }
  return result;
}

function selectors(value: Json | undefined, where: string, key: string): LabelSelector[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(where, `${key} must be a list of label selectors`);
  return value.map((one) => {
    const map = mapOf(one, where, key);
    const expressions = map.matchExpressions;
    return {
      matchLabels: texts(mapOf(map.matchLabels, where, `${key}.matchLabels`)),
      matchExpressions: (Array.isArray(expressions) ? expressions : []).map((expression) => {
        const { key: label, operator, values } = mapOf(expression, where, `${key}.matchExpressions`);
        if (
          typeof label !== 'string' ||
          !['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(String(operator))
        ) {
          throw bad(
            where,
            `${key}: each expression needs a key, and an operator of In, NotIn, Exists, DoesNotExist`,
          );
        }
        return { key: label, operator: String(operator), values: textsOf(values) };
      }),
    };
  });
}

function mapOf(value: Json | undefined, where: string, key: string): JsonMap {
  if (value === undefined || value === null) return {};
  if (!isMap(value)) throw bad(where, `${key} must be a map`);
  return value;
}

function texts(map: JsonMap): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value)]));
}

function bad(where: string, fault: string): MeshError {
  return new MeshError('InvalidInjectConfig', `${where}: ${fault}`, {
    hint: 'docs/inject.md describes the injection configuration.',
  });
}
