/** Which compression a client wants, of those that the filters of a chain have. */

export type Choice =
  | { readonly kind: 'none' | 'identity' | 'invalid' }
  | { readonly kind: 'encoding' | 'wildcard'; readonly encoding: string };

/** `offered` in the order of the filters. https://www.rfc-editor.org/rfc/rfc9110#field.accept-encoding */
export function chooseEncoding(accept: string | undefined, offered: readonly string[]): Choice {
  if (accept === undefined) return { kind: 'none' };
  let best = '';
  let bestQuality = 0;
  const named = new Set<string>();
  for (const part of accept.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((one) => one.trim());
    const encoding = name.toLowerCase();
    if (encoding === '') continue;
    const quality = qualityOf(parameters);
    if (quality === undefined) return { kind: 'invalid' };
    named.add(encoding);
    const isKnown = encoding === 'identity' || encoding === '*' || offered.includes(encoding);
    if (isKnown && quality > bestQuality) {
      best = encoding;
      bestQuality = quality;
    }
  }
  if (best === '') return { kind: 'invalid' };
  if (best === 'identity') return { kind: 'identity' };
  if (best !== '*') return { kind: 'encoding', encoding: best };
  const free = offered.find((one) => !named.has(one));
  return free === undefined ? { kind: 'identity' } : { kind: 'wildcard', encoding: free };
}

/** 1 when none is said; undefined for what is no number. */
function qualityOf(parameters: readonly string[]): number | undefined {
  const text = parameters.find((one) => /^q\s*=/i.test(one));
  if (text === undefined) return 1;
  const value = Number(text.slice(text.indexOf('=') + 1).trim());
  return Number.isNaN(value) || value < 0 || value > 1 ? undefined : value;
}
