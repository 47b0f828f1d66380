/** Whether one match of an HTTP route takes every request that another would take. */

import type {
  HTTPMatchRequest,
  StringMatch,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';

type Conditions = Readonly<Record<string, StringMatch>>;

/**
 * Whether all requests that `narrow` matches are matched by `wide` too. Says no where it is not sure, as for
 * regular expressions that differ. `gateways` are those of the object, used by matches without their own.
 */
export function matchCovers(
  wide: HTTPMatchRequest,
  narrow: HTTPMatchRequest,
  gateways: readonly string[],
): boolean {
  if (!uriCovers(wide, narrow)) return false;
  if ((wide.port ?? 0) !== 0 && wide.port !== narrow.port) return false;
  if ((wide.sourceNamespace ?? '') !== '' && wide.sourceNamespace !== narrow.sourceNamespace) return false;
  for (const field of ['scheme', 'method', 'authority'] as const) {
    if (!conditionCovers(wide[field], narrow[field])) return false;
  }
  for (const field of ['headers', 'queryParams'] as const) {
    if (!allCover(wide[field] ?? {}, narrow[field] ?? {})) return false;
  }
  // To lack more is the stronger demand: what `wide` says must be absent, `narrow` must say too.
  for (const [name, condition] of Object.entries(wide.withoutHeaders ?? {})) {
    const other = valueOf(narrow.withoutHeaders ?? {}, name);
    if (other === undefined || !conditionCovers(other, condition)) return false;
  }
  for (const [name, value] of Object.entries(wide.sourceLabels ?? {})) {
    if (valueOf(narrow.sourceLabels ?? {}, name) !== value) return false;
  }
  return gatewaysCover(gatewaysOf(wide, gateways), gatewaysOf(narrow, gateways));
}

function gatewaysOf(match: HTTPMatchRequest, inherited: readonly string[]): readonly string[] {
  return match.gateways !== undefined && match.gateways.length > 0 ? match.gateways : inherited;
}

function gatewaysCover(wide: readonly string[], narrow: readonly string[]): boolean {
  if (wide === narrow) return true;
  const known = new Set(wide);
  return narrow.every((gateway) => known.has(gateway));
}

function uriCovers(wide: HTTPMatchRequest, narrow: HTTPMatchRequest): boolean {
  if (wide.uri === undefined) return true;
  if (wide.ignoreUriCase !== true) {
    return narrow.ignoreUriCase !== true && conditionCovers(wide.uri, narrow.uri);
  }
  return conditionCovers(lowerCase(wide.uri), narrow.uri === undefined ? undefined : lowerCase(narrow.uri));
}

function lowerCase({ exact, prefix, regex }: StringMatch): StringMatch {
  return { exact: exact?.toLowerCase(), prefix: prefix?.toLowerCase(), regex };
}

function allCover(wide: Conditions, narrow: Conditions): boolean {
  return Object.entries(wide).every(([name, condition]) => {
    const other = valueOf(narrow, name);
    return other !== undefined && conditionCovers(condition, other);
  });
}

/** Whether every text that meets `narrow` meets `wide`. An absent or empty condition is met by every text. */
function conditionCovers(wide: StringMatch | undefined, narrow: StringMatch | undefined): boolean {
  if (wide === undefined) return true;
  if (wide.exact !== undefined) return narrow?.exact === wide.exact;
  if (wide.prefix !== undefined) return (narrow?.exact ?? narrow?.prefix)?.startsWith(wide.prefix) === true;
  if (wide.regex !== undefined) return narrow?.regex === wide.regex;
  return true;
}

function valueOf<Value>(map: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
