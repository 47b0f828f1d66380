/** Plain data as YAML, always the same bytes for the same data. Several times faster than a general dumper. */

/** Words that YAML 1.1 or 1.2 would read as something else than text. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|~)$/i;
/** Printable ASCII that starts with what nothing but text starts with. */
const PLAIN = /^(?:[A-Za-z_/$]|--[A-Za-z])[\x20-\x7e]*$/;
/** Quantities and durations, which start with a digit and are text all the same. */
const QUANTITY = /^[0-9]+(?:m|k|M|G|Ki|Mi|Gi|%|ms|s|h)$/;
/** Characters that JSON leaves as they are and YAML does not allow unescaped. */
const NOT_PRINTABLE =
  /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** What a literal block cannot hold: control characters, and spaces that would be lost. */
const NOT_LITERAL = /[^\n\x20-\x7e\u00a1-\u1fff\u2030-\ud7ff]|[ ]\n|[ ]$/;

/** One document, two spaces of indent, without `---`. Entries whose value is undefined are left out. */
export function toYamlText(value: unknown): string {
  const text = block(value, '\n');
  return `${text.startsWith('\n') ? text.slice(1) : text.trimStart()}\n`;
}

/** A value behind `key:` or `-`: with a space before it on the same line, or on lines of its own. */
function block(value: unknown, newline: string): string {
  if (typeof value === 'string') return ` ${scalar(value, newline)}`;
  if (typeof value !== 'object' || value === null) return ` ${value === undefined ? 'null' : String(value)}`;
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) text += `${newline}- ${inItem(item, `${newline}  `)}`;
    return text === '' ? ' []' : text;
  }
  for (const key in value) {
    const entry: unknown = Reflect.get(value, key);
    if (entry === undefined) continue;
    const inner = Array.isArray(entry) ? newline : `${newline}  `;
    text += `${newline}${keyText(key)}:${block(entry, inner)}`;
  }
  return text === '' ? ' {}' : text;
}

/** A list item begins on the line of its dash. */
function inItem(item: unknown, newline: string): string {
  const text = block(item, newline);
  return text.startsWith(newline) ? text.slice(newline.length) : text.slice(1);
}

function keyText(key: string): string {
  return isPlain(key) ? key : quoted(key);
}

function scalar(text: string, newline: string): string {
  if (isPlain(text)) return text;
  if (text.includes('\n') && text.length > 1 && !NOT_LITERAL.test(text) && !/^[\n ]/.test(text))
    return literal(text, newline);
  return quoted(text);
}

function literal(text: string, newline: string): string {
  const end = /\n*$/.exec(text)?.[0].length ?? 0;
  const mark = end === 0 ? '|-' : end === 1 ? '|' : '|+';
  const body = end === 0 ? text : text.slice(0, -1);
  return (
    mark +
    body
      .split('\n')
      .map((line) => (line === '' ? '\n' : newline + line))
      .join('')
  );
}

/** Keys and short words come again and again in a manifest. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 4096;

function isPlain(text: string): boolean {
  if (text.length > 32) return canBePlain(text);
  let plain = known.get(text);
  if (plain === undefined) {
    plain = canBePlain(text);
    if (known.size < MAX_KNOWN) known.set(text, plain);
  }
  return plain;
}

function canBePlain(text: string): boolean {
  if (!PLAIN.test(text)) return QUANTITY.test(text);
  return !(
    text.includes(': ') ||
    text.includes(' #') ||
    text.endsWith(':') ||
    text.endsWith(' ') ||
    RESERVED.test(text)
  );
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    NOT_PRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
