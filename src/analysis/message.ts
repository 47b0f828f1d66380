/** The shape of analysis messages: a type declared once in the catalogue, and an instance with its arguments. */

import type { FieldPath } from '../base/field-path.ts';
import type { Level } from '../config/finding.ts';
import type { MeshObject } from '../config/object.ts';

/** The names between braces of a template. */
export type TemplateArgs<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | TemplateArgs<Rest>
  : never;

export interface MessageType<Template extends string = string> {
  /** `ISTnnnn` means what it means in Istio; `MESHnnnn` is ours. */
  readonly code: string;
  readonly name: string;
  readonly level: Level;
  /** Text with `{argument}` in it. */
  readonly template: Template;
}

/** A message type whose template keeps its literal type, so that the arguments can be checked. */
export function define<const Template extends string>(
  code: string,
  name: string,
  level: Level,
  template: Template,
): MessageType<Template> {
  return { code, name, level, template };
}

/** A message about one object. The field path is relative to the object. */
export interface Message {
  readonly type: MessageType;
  readonly text: string;
  /** Undefined when the message is about the cluster as a whole. */
  readonly object: MeshObject | undefined;
  readonly path: FieldPath;
  readonly hint?: string;
}

export type TemplateValues<Template extends string> = {
  readonly [Name in TemplateArgs<Template>]: string | number | readonly string[];
};

/** Fills a template. Lists are joined by a comma and a space. */
export function formatTemplate<Template extends string>(
  template: Template,
  values: TemplateValues<Template>,
): string {
  const lookup: Readonly<Record<string, string | number | readonly string[]>> = values;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(lookup, name) ? lookup[name] : undefined;
    if (value === undefined) return whole;
    return typeof value === 'object' ? value.join(', ') : String(value);
  });
}
