/** Claims of a token in place of a header: `@request.auth.claims.group` or `@request.auth.claims[group][id]`. */

const PREFIX = '@request.auth.claims';

/** The path of the claim; undefined for the name of a real header. */
export function claimPath(name: string): readonly string[] | undefined {
  if (!name.toLowerCase().startsWith(PREFIX)) return undefined;
  const rest = name.slice(PREFIX.length);
  if (rest.startsWith('[') && rest.endsWith(']')) return rest.slice(1, -1).split('][');
  if (rest.startsWith('.') && rest.length > 1) return rest.slice(1).split('.');
  return undefined;
}
