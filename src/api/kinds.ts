/** The registry of kinds: lookups over the table that the build makes from `schemas/`. */

import { KIND_TABLE } from './generated/kind-table.ts';
import type { KindInfo, KindKey } from './kind-info.ts';

export const KINDS: readonly KindInfo[] = KIND_TABLE;

const byKey = new Map<KindKey, KindInfo>(KINDS.map((info) => [info.key, info]));

/** The key of a group and kind, whether or not the registry knows it. */
export function kindKey(group: string, kind: string): KindKey {
  return `${group === '' ? 'core' : group}/${kind}`;
}

/** The kind of that key, or undefined. */
export function findKind(key: KindKey): KindInfo | undefined {
  return byKey.get(key);
}

/** Splits an apiVersion into group and version: `v1` has the empty group. */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/**
 * Kinds that a word typed by a person may mean: kind, plural, singular or short name in any case, each
 * with `.group` behind it or not. More than one only where groups share the name (Gateway, TCPRoute).
 */
export function kindsByWord(word: string): readonly KindInfo[] {
  const lower = word.toLowerCase();
  return KINDS.filter((info) =>
    [info.kind, info.plural, info.singular, ...info.shortNames].some((name) => {
      const plain = name.toLowerCase();
      return lower === plain || (info.group !== '' && lower === `${plain}.${info.group}`);
    }),
  );
}
