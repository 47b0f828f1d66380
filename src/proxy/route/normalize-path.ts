/** What is done to a path before it is matched: dots resolved, letters written plainly, slashes merged. */

export interface PathNormalization {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
}

/** RFC 3986, section 6.2.2; the query stays as it is. */
export function normalizedPath(path: string, { normalizePath, mergeSlashes }: PathNormalization): string {
  const end = path.search(/[?#]/);
  let plain = end < 0 ? path : path.slice(0, end);
  const rest = end < 0 ? '' : path.slice(end);
  if (!plain.startsWith('/')) return path;
  if (normalizePath) plain = withoutDots(unescaped(plain.replaceAll('\\', '/')));
  if (mergeSlashes) plain = plain.replaceAll(/\/{2,}/g, '/');
  return plain + rest;
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
