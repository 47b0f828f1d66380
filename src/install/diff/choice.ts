/** Which resources to compare, and under which names: `Kind:namespace:name` patterns. */

import { MeshError } from '../../base/mesh-error.ts';

/** What a pattern is held against. */
export interface ResourceName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface ResourcePattern {
  matches(resource: ResourceName): boolean;
}

export interface Rename {
  /** The new name of a resource that the left side of the pair matches; the same for any other. */
  apply<Resource extends ResourceName>(resource: Resource): Resource;
}

/**
 * Reads `Kind:namespace:name`, where each part may hold `*` for any text and an empty part matches all. Throws a
 * `MeshError` with code `BadFlagValue` for a text of another form.
 */
export function parsePattern(text: string, flag: string): ResourcePattern {
  const tests = threeParts(text, flag).map(wildcard);
  return {
    matches: ({ kind, namespace, name }) =>
      [kind, namespace, name].every((part, index) => tests[index]?.(part) === true),
  };
}

/** Reads `A->B`, two patterns; `*` or nothing on the right keeps what was there. Throws as `parsePattern`. */
export function parseRename(text: string, flag: string): Rename {
  const arrow = text.indexOf('->');
  if (arrow < 0) {
    throw new MeshError('BadFlagValue', `--${flag} ${text} has no "->"`, {
      hint: `Write two resources, as in --${flag} Service:*:istio-pilot->Service:*:istiod.`,
    });
  }
  const from = parsePattern(text.slice(0, arrow), flag);
  const [kind, namespace, name] = threeParts(text.slice(arrow + 2), flag);
  const kept = (wanted: string | undefined, old: string): string =>
    wanted === undefined || wanted === '' || wanted === '*' ? old : wanted;
  return {
    apply: (resource) =>
      from.matches(resource)
        ? {
            ...resource,
            kind: kept(kind, resource.kind),
            namespace: kept(namespace, resource.namespace),
            name: kept(name, resource.name),
          }
        : resource,
  };
}

function threeParts(text: string, flag: string): readonly string[] {
  const parts = text.trim().split(':');
  if (parts.length === 3) return parts;
  throw new MeshError('BadFlagValue', `--${flag} ${text} is not of the form kind:namespace:name`, {
    hint: `Write three parts, with * for any, as in --${flag} Deployment:istio-system:*.`,
  });
}

/** Whether a text is `pattern`, in which `*` stands for any text. */
function wildcard(pattern: string): (text: string) => boolean {
  if (pattern === '') return () => true;
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
      return false;
    let from = first.length;
    const end = text.length - last.length;
    for (const piece of rest) {
      const found = text.indexOf(piece, from);
      if (found < 0 || found + piece.length > end) return false;
      from = found + piece.length;
    }
    return true;
  };
}
