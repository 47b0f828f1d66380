/** What can be said of a code without a finding: its name, usual level, meaning and page. */

import { CHECK_CODES, type CheckName, type Level } from '../../config/finding.ts';
import { ALL_MESSAGES } from '../all-messages.ts';

export interface RuleText {
  readonly code: string;
  readonly name: string;
  readonly level: Level;
  /** One sentence. */
  readonly summary: string;
}

/** What each check of validate is about. */
const CHECKS: Readonly<Record<CheckName, readonly [Level, string]>> = {
  Syntax: ['Error', 'The text is not YAML or JSON, or asks for more than the bounds of the loader allow.'],
  NotAnObject: ['Error', 'The document should be a Kubernetes object and is none.'],
  UnknownKind: ['Error', 'The API group has no kind of that name.'],
  UnknownVersion: ['Error', 'The kind does not exist in that version.'],
  BadMetadata: ['Error', 'The metadata of the object would be refused.'],
  UnknownField: ['Error', 'The API has no such field there.'],
  WrongType: ['Error', 'The value is of another type than the field.'],
  MissingField: ['Error', 'A field that must be set is not.'],
  InvalidValue: ['Error', 'The value is outside of what the field allows.'],
  ExclusiveFields: ['Error', 'Of several fields only one may be set.'],
  TooMany: ['Error', 'A list or map has more entries than the API allows.'],
  Duplicate: ['Error', 'Something that must be unique stands there twice.'],
  BrokenReference: ['Error', 'The object refers to something that is not in the input.'],
  DeprecatedField: ['Warning', 'The field is deprecated.'],
  DeprecatedVersion: ['Warning', 'The version of the API is deprecated.'],
  Questionable: ['Warning', 'The value is allowed, but likely not what was meant.'],
  UnreachableRule: ['Warning', 'An earlier rule takes everything that this one would match.'],
  IneffectiveMatch: ['Warning', 'The match can never decide anything.'],
  PortName: ['Warning', 'The name of the port does not say which protocol it speaks.'],
  MissingLabel: ['Warning', 'A label that telemetry groups by is missing.'],
};

let rules: ReadonlyMap<string, RuleText> | undefined;

/** The text of a code that validate or analyze can give; undefined for others. */
export function ruleText(code: string): RuleText | undefined {
  return allRules().get(code);
}

/** Every code, by code. */
export function allRules(): ReadonlyMap<string, RuleText> {
  rules ??= new Map(
    [...checkRules(), ...messageRules()].map((rule): [string, RuleText] => [rule.code, rule]),
  );
  return rules;
}

function checkRules(): RuleText[] {
  return (Object.keys(CHECKS) as CheckName[]).map((name) => {
    const [level, summary] = CHECKS[name];
    return { code: CHECK_CODES[name], name, level, summary };
  });
}

function messageRules(): RuleText[] {
  return ALL_MESSAGES.map(({ code, name, level, template }) => ({
    code,
    name,
    level,
    // The placeholders of a template read well enough as words: `{host}` becomes <host>.
    summary: `${template.replace(/\{(\w+)\}/g, '<$1>')}.`.replace(/([.!?])\.$/, '$1'),
  }));
}

/** Where the code is documented: Istio's page for Istio's codes, a page of this package for our own. */
export function documentationUrl(code: string): string {
  return code.startsWith('IST')
    ? `https://istio.io/latest/docs/reference/config/analysis/${code.toLowerCase()}/`
    : `docs/messages/${code}.md`;
}
