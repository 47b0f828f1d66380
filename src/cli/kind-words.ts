/** What a person means by a word for a kind: `vs`, `virtualservices`, `Gateway.networking.istio.io`. */

import type { KindInfo } from '../api/kind-info.ts';
import { KINDS, kindsByWord } from '../api/kinds.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';

export interface NamedKind {
  readonly info: KindInfo;
  /** Undefined where none was asked for. */
  readonly version: string | undefined;
  /** The words after the kind, as the path of a field. */
  readonly path: readonly string[];
}

/**
 * Splits `KIND[.GROUP][.path.of.field]`. `apiVersion` (`GROUP/VERSION`, or a version alone) chooses among kinds
 * of one name. Throws a `MeshError` where the word means no kind, or several.
 */
export function parseKindPath(word: string, apiVersion: string | undefined): NamedKind {
  const slash = apiVersion?.lastIndexOf('/') ?? -1;
  const group = slash < 0 ? undefined : apiVersion?.slice(0, slash);
  const version = apiVersion?.slice(slash + 1);
  // Paths of findings have indexes: `spec.http[0].route`.
  const parts = word.replaceAll(/\[\d+\]/g, '').split('.');
  for (let length = parts.length; length > 0; length--) {
    const matches = kindsByWord(parts.slice(0, length).join('.')).filter(
      (info) =>
        (group === undefined || info.group === group) &&
        (version === undefined || info.versions.some(({ name }) => name === version)),
    );
    const [info] = matches;
    if (info === undefined) continue;
    if (matches.length > 1) throw ambiguous(parts[0] ?? '', matches);
    return { info, version, path: parts.slice(length) };
  }
  throw unknownKind(parts[0] ?? '', apiVersion);
}

function ambiguous(word: string, matches: readonly KindInfo[]): MeshError {
  const names = matches.map(({ singular, group }) => `${singular}.${group}`);
  return new MeshError('UnknownKind', `${word} is a kind of several groups`, {
    hint: `Say which one: ${names.join(' or ')}.`,
  });
}

function unknownKind(word: string, apiVersion: string | undefined): MeshError {
  const known = kindsByWord(word)[0];
  if (known !== undefined && apiVersion !== undefined) {
    const versions = known.versions.map(({ name }) => (known.group === '' ? name : `${known.group}/${name}`));
    return new MeshError('UnknownVersion', `there is no ${known.kind} in ${apiVersion}`, {
      hint: `It exists in ${versions.join(', ')}.`,
    });
  }
  const near = nearestName(
    word,
    KINDS.flatMap(({ kind, plural, shortNames }) => [kind, plural, ...shortNames]),
  );
  return new MeshError('UnknownKind', `there is no kind "${word}"`, {
    hint:
      near === undefined ? 'Run "mesh schema --list" for the kinds that there are.' : `Did you mean ${near}?`,
  });
}
