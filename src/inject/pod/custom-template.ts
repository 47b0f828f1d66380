/** Templates that an installation brings: a partial pod, as a map or as text with a few values filled in. */

import { MeshError } from '../../base/mesh-error.ts';
import { textAt, valueAt } from '../settings.ts';
import { readYamlValue } from '../yaml/read.ts';
import { isMap, setKey } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import type { TemplateContext } from './context.ts';

export interface CustomTemplate {
  /** The partial pod; texts may hold the marks of `slots`. */
  readonly patch: JsonMap;
  /** For each mark, the path of the value that takes its place. */
  readonly slots: ReadonlyMap<string, string>;
}

/** An action of a Go template. */
const ACTION = /\{\{-?\s*([\s\S]*?)\s*-?\}\}/g;
const FIELD =
  /^\.((?:Values|MeshConfig|ProxyConfig|ObjectMeta|DeploymentMeta|Spec)(?:\.[A-Za-z0-9_]+)+|Revision|ProxyImage)(?:\s*\|\s*quote)?$/;

/** Reads a template. Throws a MeshError that names what it cannot run and what to write in its place. */
export function parseCustomTemplate(name: string, source: Json, where: string): CustomTemplate {
  const slots = new Map<string, string>();
  if (isMap(source)) return { patch: source, slots };
  if (typeof source !== 'string') throw unusable(name, where, 'must be a partial pod, as a map or as text');
  const text = source.replaceAll(ACTION, (action: string, body: string, offset: number) => {
    if (body.startsWith('/*')) return '';
    const path = FIELD.exec(body)?.[1];
    if (path === undefined)
      throw unsupported(name, where, action, body, source.slice(0, offset).split('\n').length);
    const mark = `lateen-slot-${slots.size}-end`;
    slots.set(mark, path);
    return mark;
  });
  let patch: Json | undefined;
  try {
    patch = readYamlValue(text);
  } catch (error) {
    throw unusable(name, where, `is no YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isMap(patch)) throw unusable(name, where, 'must be a partial pod: a map with metadata or spec');
  return { patch, slots };
}

/** The partial pod for one pod. */
export function renderCustomTemplate({ patch, slots }: CustomTemplate, context: TemplateContext): JsonMap {
  const fill = (text: string): string =>
    text.replaceAll(/lateen-slot-\d+-end/g, (mark) => {
      const path = slots.get(mark);
      return path === undefined ? mark : fieldText(path, context);
    });
  const walk = (value: Json): Json => {
    if (typeof value === 'string') return slots.size === 0 ? value : fill(value);
    if (Array.isArray(value)) return value.map(walk);
    if (!isMap(value)) return value;
    const result: JsonMap = {};
    for (const [key, child] of Object.entries(value)) setKey(result, fill(key), walk(child));
    return result;
  };
  return walk(patch) as JsonMap;
}

function fieldText(path: string, context: TemplateContext): string {
  const { pod, settings } = context;
  if (path === 'Revision') return settings.revision;
  if (path === 'ProxyImage') return context.image('global.proxy.image');
  const dot = path.indexOf('.');
  const rest = path.slice(dot + 1);
  switch (path.slice(0, dot)) {
    case 'Values':
      return textAt(settings.values, rest);
    case 'MeshConfig':
      return textAt(settings.mesh, lowerFirst(rest));
    case 'ProxyConfig':
      return textAt(context.proxyConfig, lowerFirst(rest));
    case 'DeploymentMeta':
      return rest === 'Name' ? pod.owner.name : rest === 'Namespace' ? pod.owner.namespace : '';
    case 'ObjectMeta':
      return rest === 'Name' ? pod.owner.name : rest === 'Namespace' ? pod.owner.namespace : '';
    default:
      return String(valueAt(pod.spec, lowerFirst(rest)) ?? '');
  }
}

/** Go names its fields with capitals. */
function lowerFirst(path: string): string {
  return path
    .split('.')
    .map((key) => key.charAt(0).toLowerCase() + key.slice(1))
    .join('.');
}

function unsupported(name: string, where: string, action: string, body: string, line: number): MeshError {
  const construct = /^(?:if|else|end|range|with|define|template|block|include)\b/.exec(body)?.[0];
  const called = /^\$?[A-Za-z_]\w*/.exec(body.replace(/^\(+/, ''))?.[0];
  const what =
    construct !== undefined
      ? `the control word "${construct}"`
      : called !== undefined && !called.startsWith('$')
        ? `the function "${called}"`
        : JSON.stringify(shorten(action));
  return new MeshError(
    'UnsupportedTemplate',
    `${where}: template "${name}", line ${line}: ${what} of Go templates is not supported`,
    {
      hint:
        `Write "${name}: builtin" to have the built-in template of that name, which reads the same values and annotations, ` +
        'or a partial pod in plain YAML. Of Go templates only fields like {{ .Values.global.hub }} are filled in.',
    },
  );
}

function unusable(name: string, where: string, fault: string): MeshError {
  return new MeshError('InvalidInjectConfig', `${where}: template "${name}" ${fault}`, {
    hint: 'docs/inject.md describes templates.',
  });
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
