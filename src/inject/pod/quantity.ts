/** Kubernetes quantities (`100m`, `1Gi`, `2e3`): syntax and value. */

const FORM = /^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]{1,3})?$/;
const FACTORS: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};

/** The amount; undefined for what is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const match = text.length > 64 ? null : FORM.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = '', suffix = ''] = match;
  const factor = FACTORS[suffix] ?? (suffix === '' ? 1 : Number(`1${suffix}`));
  return (sign === '-' ? -1 : 1) * Number(digits) * factor;
}
