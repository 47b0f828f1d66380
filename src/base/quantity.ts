/** Kubernetes quantities: amounts of processor, memory and, in SMI of old, weights. */

const SYNTAX = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,2})?$/;
const MAX_TEXT = 64;

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 0.001,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The number that a quantity stands for (`500m` is 0.5), near enough to compare; undefined for what is none.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function quantityOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.length > MAX_TEXT) return undefined;
  const match = SYNTAX.exec(value);
  if (match === null) return undefined;
  const [, sign = '', digits = '', suffix = ''] = match;
  const scale = suffix === '' ? 1 : (SUFFIXES[suffix] ?? Number(`1${suffix}`));
  return Number(digits) * scale * (sign === '-' ? -1 : 1);
}
