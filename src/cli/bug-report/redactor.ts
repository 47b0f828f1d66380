/**
 * Takes secrets out of what is passed on: by what a field is for, by what a text looks like, and by the values of
 * Secrets and of the environment, wherever they turn up.
 */

import { fieldsOf } from '../../base/fields-of.ts';

export const MARK = '<redacted>';

type Fields = Readonly<Record<string, unknown>>;

/** Names of fields, variables and keys whose value is nobody's business. */
const SECRET_NAME =
  /pass(?:word|wd|phrase)?$|secret$|token$|api[-_]?key$|access[-_]?key|private[-_]?key|credentials?$|^auth$|authorization$|cookie|^key$|signing[-_]?key/i;

/** Names that look like it and hold a name, a path or a switch. */
const HARMLESS_NAME =
  /^(?:secretName|credentialName|credentialNames|automountServiceAccountToken|serviceAccountToken|continueToken|topologyKey|key)$/;

/** Texts that look like secrets whatever they stand in. The first group is kept. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MARK],
  // Tokens in three parts, of which the first is a JSON object.
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, MARK],
  [/\b(bearer|basic|token)\s+[\w.~+/-]{6,}=*/gi, `$1 ${MARK}`],
  [/(:\/\/[^\s/:@"']*:)[^\s/@"']+@/g, `$1${MARK}@`],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, MARK],
  [/\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}|glpat-[\w-]{16,})/g, MARK],
  [
    /((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|client[-_]?secret|credentials?|authorization|cookie)["']?\s*[:=]\s*)(?:"[^"\n]*"|'[^'\n]*'|[^\s,;&"'}\]]+)/gi,
    `$1${MARK}`,
  ],
];

/** Characters from which on a value is looked for everywhere; shorter ones stand in too many other words. */
const SHORTEST = 6;
const LONGEST = 64 * 1024;
/** Values that are looked for at most. */
const MAX_VALUES = 20_000;

/** Environment of the mesh's own containers that tells nothing, and helps. */
const OWN_VARIABLES =
  /^(?:ISTIO_META_\w+|ISTIO_CPU_LIMIT|PILOT_\w+|POD_NAME|POD_NAMESPACE|REVISION|CLUSTER_ID|SERVICE_ACCOUNT|TRUST_DOMAIN|CA_ADDR|ENABLE_\w+|GOMEMLIMIT|GOMAXPROCS|PROXY_CONFIG|LOG_LEVEL)$/;

export class Redactor {
  readonly #values = new Set<string>();
  #sorted: readonly string[] | undefined;

  /** The value must not be in anything that follows. Returns false when no more can be kept in mind. */
  learn(value: string): boolean {
    for (const form of formsOf(value)) {
      if (this.#values.size >= MAX_VALUES) return false;
      this.#values.add(form);
    }
    this.#sorted = undefined;
    return true;
  }

  /** Learns what a Secret holds. */
  learnSecret(secret: Fields): boolean {
    let isKept = true;
    for (const [part, isEncoded] of [
      ['data', true],
      ['stringData', false],
    ] as const) {
      for (const value of Object.values(fieldsOf(secret[part]))) {
        if (typeof value !== 'string') continue;
        if (isEncoded) isKept = this.learn(value) && isKept;
        isKept = this.learn(isEncoded ? Buffer.from(value, 'base64').toString('utf8') : value) && isKept;
      }
    }
    return isKept;
  }

  /** Learns the values of the environment of a pod's containers that look like secrets. */
  learnEnvironment(podSpec: unknown): void {
    for (const { name, value } of variablesOf(podSpec)) {
      const isVaried = value.length >= 12 && /\d/.test(value) && /[a-z]/i.test(value);
      if (SECRET_NAME.test(name) || (isVaried && !OWN_VARIABLES.test(name))) this.learn(value);
    }
  }

  text(text: string): string {
    let result = text;
    this.#sorted ??= [...this.#values].toSorted((one, other) => other.length - one.length);
    for (const value of this.#sorted) if (result.includes(value)) result = result.replaceAll(value, MARK);
    for (const [pattern, mark] of PATTERNS) result = result.replaceAll(pattern, mark);
    return result;
  }

  /** The same shape with every text redacted, and whole values where the name of their field says so. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((one) => this.value(one));
    if (typeof value !== 'object' || value === null) return value;
    const { inline_bytes: _bytes, ...fields } = value as Fields;
    return Object.fromEntries([
      ...Object.entries(fields).map(([name, one]) => [
        this.text(name),
        isSecretField(name, one) ? MARK : this.value(one),
      ]),
      ...(_bytes === undefined ? [] : [['inline_bytes', MARK]]),
    ]);
  }

  /** A Kubernetes object: its secrets, environment and the copies of it that it carries along are taken out. */
  object(object: Fields): unknown {
    const { metadata, ...rest } = object;
    const { managedFields: _managed, annotations, ...meta } = fieldsOf(metadata);
    const kept = Object.entries(fieldsOf(annotations)).filter(
      ([name]) => name !== 'kubectl.kubernetes.io/last-applied-configuration',
    );
    const isSecret = object['kind'] === 'Secret';
    const body = isSecret
      ? { ...rest, data: blank(rest['data']), stringData: blank(rest['stringData']) }
      : withoutEnvironment(rest);
    return this.value({ ...(body as Fields), metadata: { ...meta, annotations: Object.fromEntries(kept) } });
  }
}

function isSecretField(name: string, value: unknown): boolean {
  return typeof value === 'string' && SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

function blank(data: unknown): unknown {
  return Object.fromEntries(Object.keys(fieldsOf(data)).map((name) => [name, MARK]));
}

/** Literal values of variables, but for those of the mesh's own. */
function withoutEnvironment(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEnvironment);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Fields).map(([name, one]) => [
      name,
      name === 'env' && Array.isArray(one) ? one.map(withoutValue) : withoutEnvironment(one),
    ]),
  );
}

function withoutValue(variable: unknown): unknown {
  const { name, value, ...rest } = fieldsOf(variable);
  if (typeof value !== 'string') return variable;
  return { name, value: OWN_VARIABLES.test(String(name)) ? value : MARK, ...rest };
}

function variablesOf(podSpec: unknown): readonly { readonly name: string; readonly value: string }[] {
  const spec = fieldsOf(podSpec);
  return [spec['containers'], spec['initContainers']].flatMap((list) =>
    (Array.isArray(list) ? list : []).flatMap((container) => {
      const { env } = fieldsOf(container);
      return (Array.isArray(env) ? env : []).flatMap((variable) => {
        const { name, value } = fieldsOf(variable);
        return typeof name === 'string' && typeof value === 'string' ? [{ name, value }] : [];
      });
    }),
  );
}

/** A value as it may be written elsewhere: its lines, the texts of a JSON document, and in other encodings. */
function formsOf(value: string): readonly string[] {
  const parts = [value, value.trim(), ...value.split(/\r?\n/).filter((line) => line.length >= 16)];
  const forms = [...parts, ...textsInJson(value)].filter(
    ({ length }) => length >= SHORTEST && length <= LONGEST,
  );
  return [
    ...new Set(
      forms.flatMap((form) => [
        form,
        Buffer.from(form).toString('base64').replace(/=+$/, ''),
        encodeURIComponent(form.toWellFormed()),
        JSON.stringify(form).slice(1, -1),
      ]),
    ),
  ].filter(({ length }) => length >= SHORTEST);
}

function textsInJson(text: string): readonly string[] {
  if (!/^\s*[{[]/.test(text)) return [];
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string') found.push(value);
    else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) walk(one);
  };
  try {
    walk(JSON.parse(text));
  } catch {
    // Then its lines are all there is.
  }
  return found;
}
