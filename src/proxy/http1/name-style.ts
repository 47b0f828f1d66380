/** The two ways to write header names that know nothing of how they came. */

/** As they are, in lower case, or `Like-This`. */
export type NameStyle = 'lower' | 'proper';

/** `name` is in lower case. In the proper style its first letter and those behind what is no letter or digit are not. */
export function styledName(name: string, style: NameStyle): string {
  if (style === 'lower') return name;
  return name.replaceAll(/(?:^|[^a-z0-9])[a-z]/g, (match) => match.toUpperCase());
}
