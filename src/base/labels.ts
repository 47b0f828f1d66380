/** Syntax of label keys and values. */

const DNS_LABEL = /^[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?$/;
const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_NAME = 63;
const MAX_PREFIX = 253;

/** A DNS label of RFC 1123 in either case: letters, digits and inner dashes, 63 at most. */
export function isDnsLabel(text: string): boolean {
  return text.length <= MAX_NAME && DNS_LABEL.test(text);
}

/**
 * What is wrong with a label's key, as the end of a sentence that starts with the key; undefined when it is
 * sound. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (slash >= 0) {
    const prefix = key.slice(0, slash);
    if (prefix.length > MAX_PREFIX) return `has a prefix longer than ${MAX_PREFIX} characters`;
    if (!prefix.split('.').every((label) => DNS_LABEL.test(label)))
      return 'has a prefix that is not a DNS name';
  }
  if (name === '') return 'has no name';
  if (name.length > MAX_NAME) return `has a name longer than ${MAX_NAME} characters`;
  return NAME.test(name)
    ? undefined
    : 'may have only letters, digits, "-", "_" and "." with a letter or digit at both ends';
}

/** What is wrong with a label's value, as the end of a sentence; undefined when it is sound. Empty is sound. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '') return undefined;
  return NAME.test(value)
    ? undefined
    : 'may have only letters, digits, "-", "_" and "." with a letter or digit at both ends';
}
