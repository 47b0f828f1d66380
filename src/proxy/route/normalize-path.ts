/** What is done to a path before it is matched: dots resolved, letters written plainly, slashes merged. */

export interface PathNormalization {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
}

/** What is done about slashes that are written as escapes, before anything else. Undefined refuses the path. */
export function unescapedSlashes(
  path: string,
  action: 'keep' | 'reject' | 'unescape' | 'redirect',
): string | undefined {
  if (action === 'keep' || !ESCAPED_SLASH.test(path)) return path;
  const end = path.indexOf('?');
  const plain = end < 0 ? path : path.slice(0, end);
  if (!ESCAPED_SLASH.test(plain)) return path;
  if (action === 'reject') return undefined;
  return plain.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\') + (end < 0 ? '' : path.slice(end));
}

const ESCAPED_SLASH = /%(?:2f|5c)/i;

/** RFC 3986, section 6.2.2; the query stays as it is. */
export function normalizedPath(path: string, { normalizePath, mergeSlashes }: PathNormalization): string {
  const end = path.search(/[?#]/);
  let plain = end < 0 ? path : path.slice(0, end);
  const rest = end < 0 ? '' : path.slice(end);
  if (!plain.startsWith('/')) return path;
  if (normalizePath && !NORMAL.test(plain)) {
    const bare = plain.replaceAll(DOTS_WITH_PARAMETERS, '$1');
    plain = withoutDots(escaped(unescaped(bare.replaceAll('\\', '/'))));
  }
  if (mergeSlashes && plain.includes('//')) plain = withSlashesMerged(plain);
  return plain + rest;
}

/** A path of nothing but slashes keeps its first and its last, as in Envoy. */
function withSlashesMerged(path: string): string {
  return /^\/+$/.test(path) ? '//' : path.replaceAll(/\/{2,}/g, '/');
}

/** Nothing to escape, to resolve or to write plainly: mostly so. */
const NORMAL = /^(?:\/(?!\.)[A-Za-z0-9\-._~!$&'()*+,;=:@[\]]*)+$/;

/** A segment of dots stays one when parameters follow it: servers that drop them would see the dots alone. */
const DOTS_WITH_PARAMETERS = /(\/\.\.?);[^/]*/g;

/** Characters that a path may not have, as they are written in it. */
function escaped(path: string): string {
  return path.replaceAll(/["<>^`{|}]/g, (character) => encodeURIComponent(character));
}

/** Escapes of characters that need none. */
function unescaped(path: string): string {
  return path.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escape;
  });
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  const parts = path.slice(1).split('/');
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (part === '..') kept.pop();
    else if (part !== '.') kept.push(part);
    if (isLast && (part === '.' || part === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}
