/** The values that plain scalars stand for in Kubernetes' YAML: core schema, and the truth words of YAML 1.1. */

export type Scalar = string | number | boolean | null;

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUTHS = new Map([...words('true yes on y', true), ...words('false no off n', false)]);
const INTEGER = /^[-+]?(?:0|[1-9][0-9]*)$/;
const RADIX = /^[-+]?0(?:x[0-9a-fA-F]+|o?[0-7]+|b[01]+)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const SPECIAL = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

/** The value of an unquoted scalar. Numbers that JSON cannot hold stay text. */
export function resolvePlain(text: string): Scalar {
  const first = text.charCodeAt(0);
  if (NULLS.has(text)) return null;
  const truth = TRUTHS.get(text);
  if (truth !== undefined) return truth;
  // Digits, signs and the point; anything else is text.
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46)) return text;
  if (INTEGER.test(text)) return Number(text);
  if (RADIX.test(text)) return radixNumber(text);
  return FLOAT.test(text) ? Number(text) : text;
}

/** Whether a text, written without quotes, would be read as something else than this text. */
export function isAmbiguous(text: string): boolean {
  return typeof resolvePlain(text) !== 'string' || SPECIAL.test(text) || /^[0-9][0-9_:.,-]*$/.test(text);
}

function radixNumber(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '').toLowerCase();
  return sign * Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
}

/** A word in the three spellings that count: lower, Capital, UPPER. */
function words(list: string, value: boolean): [string, boolean][] {
  return list
    .split(' ')
    .flatMap((word): [string, boolean][] =>
      word.length === 1
        ? []
        : [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()].map((form) => [
            form,
            value,
          ]),
    );
}
