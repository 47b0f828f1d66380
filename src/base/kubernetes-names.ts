/** The syntax of names, label keys and label values, as the API server checks them on every object. */

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

const LABEL_FORM = 'lower-case letters, digits and "-", with a letter or digit at both ends';
const QUALIFIED_FORM = 'letters, digits, "-", "_" and ".", with a letter or digit at both ends';

/**
 * What is wrong with a DNS-1123 label (a namespace's name), as the end of a sentence; undefined when sound.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function dnsLabelNameProblem(name: string): string | undefined {
  if (name.length > MAX_LABEL) return `is longer than ${MAX_LABEL} characters`;
  return LABEL.test(name) ? undefined : `may have only ${LABEL_FORM}`;
}

/** Likewise for a DNS-1123 subdomain: labels with dots between them, the rule for most names. */
export function dnsSubdomainNameProblem(name: string): string | undefined {
  if (name.length > MAX_SUBDOMAIN) return `is longer than ${MAX_SUBDOMAIN} characters`;
  return name.split('.').every((label) => LABEL.test(label))
    ? undefined
    : `may have only ${LABEL_FORM}, and dots between such parts`;
}

/** Likewise for the key of a label or an annotation: a name of 63 characters, perhaps `domain/` before it. */
export function qualifiedNameProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (slash >= 0) {
    if (slash === 0) return 'has nothing before the "/"';
    const prefix = dnsSubdomainNameProblem(key.slice(0, slash));
    if (prefix !== undefined) return `has a part before the "/" that ${prefix}`;
  }
  if (name === '') return 'has no name';
  if (name.length > MAX_LABEL) return `has a name longer than ${MAX_LABEL} characters`;
  return QUALIFIED.test(name) ? undefined : `may have only ${QUALIFIED_FORM}`;
}

/** Likewise for the value of a label. The empty value is sound. */
export function labelValueNameProblem(value: string): string | undefined {
  if (value === '') return undefined;
  if (value.length > MAX_LABEL) return `is longer than ${MAX_LABEL} characters`;
  return QUALIFIED.test(value) ? undefined : `may have only ${QUALIFIED_FORM}`;
}
