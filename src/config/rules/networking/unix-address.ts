/** Unix domain sockets as addresses: `unix:///path` and `unix://@name`. */

export const UNIX_PREFIX = 'unix://';

/** What stands behind `unix://`; undefined for any other address. */
export function unixPath(address: string): string | undefined {
  return address.startsWith(UNIX_PREFIX) ? address.slice(UNIX_PREFIX.length) : undefined;
}

/**
 * What is wrong with the path of a socket, as the end of a sentence; undefined when it is sound. It is the
 * absolute path of a file, or a name of the abstract namespace behind an `@`.
 */
export function unixPathProblem(path: string): string | undefined {
  if (path === '') return 'names no socket: write unix:///path or unix://@name';
  if (path.startsWith('@')) return undefined;
  if (!path.startsWith('/')) return 'is not an absolute path: write unix:///path or unix://@name';
  return path.endsWith('/') ? 'is a folder: name the socket in it' : undefined;
}
