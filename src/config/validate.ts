/** `validate`: everything that can be said of objects one by one, and of the names they use. */

import { printable } from '../base/printable.ts';
import { findKind } from '../api/kinds.ts';
import type { KindKey } from '../api/kind-info.ts';
import type { PlacedCelRule } from '../api/placed-cel-rule.ts';
import { formatFieldPath } from '../base/field-path.ts';
import { celFindings } from './checks/cel.ts';
import { duplicateFindings } from './checks/duplicates.ts';
import { embeddedFindings, embeddedKinds } from './checks/embedded.ts';
import { checkKind } from './checks/kind.ts';
import { checkMetadata } from './checks/metadata.ts';
import { schemaFinding } from './checks/schema-message.ts';
import type { Finding } from './finding.ts';
import { CEL_RULES } from './generated/cel-rules.ts';
import { RULES } from './generated/rules.ts';
import { VALIDATORS } from './generated/validators.ts';
import type { ValidatorModule } from './generated-contract.ts';
import type { MeshObject } from './object.ts';
import { toJsonNames } from './proto-names.ts';
import { referenceFindings } from './references.ts';
import { RuleReport } from './rules/rule.ts';
import type { KindRules, RuleContext } from './rules/rule.ts';

export interface ValidateOptions {
  /** Warnings count as errors. */
  readonly strict?: boolean;
  /** Names that objects use for one another are looked up among the objects; true unless said otherwise. */
  readonly referential?: boolean;
  /** Where objects without a namespace belong; `default` unless said otherwise. */
  readonly defaultNamespace?: string;
  /** Where mesh-wide policies live; `istio-system` unless said otherwise. */
  readonly rootNamespace?: string;
}

/** What there is to say of one object; never empty. */
export interface ObjectFindings {
  readonly object: MeshObject;
  readonly findings: readonly Finding[];
}

/** Errors that a validator keeps of one object (see `generated-contract.ts`). */
const MAX_ERRORS = 200;

/** Fields whose content is not to be told, by kind. */
const SECRET_FIELDS: ReadonlyMap<string, ReadonlySet<unknown>> = new Map([
  ['core/Secret', new Set(['data', 'stringData'])],
]);

/** Keywords of schemas that compare a value of the right type with something. */
const LIMITS: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'pattern',
  'format',
  'x-mesh-enum',
]);

/** How the finding begins that tells of rules which broke down. */
export const BROKEN_RULES = 'the rules of';

/** What is needed to check one kind. */
interface KindChecks {
  readonly validators: ValidatorModule | undefined;
  readonly rules: KindRules | undefined;
  readonly cel: readonly PlacedCelRule[];
}

/**
 * Checks objects: kind and version, metadata, schema, the rules of the kind, duplicates and references.
 * Objects come in the order given, those without findings left out. Only the code for the kinds that occur is
 * loaded, which is why the answer is a promise.
 */
export async function validate(
  objects: readonly MeshObject[],
  options: ValidateOptions = {},
): Promise<readonly ObjectFindings[]> {
  const context: RuleContext = {
    defaultNamespace: options.defaultNamespace ?? 'default',
    rootNamespace: options.rootNamespace ?? 'istio-system',
  };
  const checks = await loadChecks(objects);
  const duplicates = duplicateFindings(objects, context.defaultNamespace);
  const references =
    options.referential === false ? undefined : referenceFindings(objects, context.defaultNamespace);
  const strict = options.strict === true;
  const result: ObjectFindings[] = [];
  for (const object of objects) {
    const own = await checkObject(object, checks, context);
    const findings = [...own, ...(duplicates.get(object) ?? []), ...(references?.get(object) ?? [])];
    if (findings.length > 0) result.push({ object, findings: findings.map((one) => finished(one, strict)) });
  }
  return result;
}

/** The finding as it is shown: what it quotes of the input is made printable. */
function finished(finding: Finding, strict: boolean): Finding {
  const { level, message, hint } = finding;
  return {
    ...finding,
    level: strict && level === 'Warning' ? 'Error' : level,
    message: printable(message),
    ...(hint === undefined ? {} : { hint: printable(hint) }),
  };
}

async function loadChecks(objects: readonly MeshObject[]): Promise<ReadonlyMap<KindKey, KindChecks>> {
  const keys = new Set<KindKey>();
  for (const object of objects) {
    if (object.info === undefined) continue;
    keys.add(object.key);
    for (const key of embeddedKinds(object)) keys.add(key);
  }
  const entries = [...keys].map(async (key): Promise<[KindKey, KindChecks]> => {
    const [validators, rules, cel] = await Promise.all([
      VALIDATORS[key]?.(),
      RULES[key]?.(),
      CEL_RULES[key]?.(),
    ]);
    // A rules file knows its kind's type; the schema has made sure of it before the rules run.
    return [key, { validators, rules: rules?.rules as KindRules | undefined, cel: cel ?? [] }];
  });
  return new Map(await Promise.all(entries));
}

async function checkObject(
  object: MeshObject,
  checks: ReadonlyMap<KindKey, KindChecks>,
  context: RuleContext,
): Promise<readonly Finding[]> {
  const report = new RuleReport();
  checkKind(object, report);
  if (object.info === undefined) return report.findings;
  if (object.info.scope !== 'File') checkMetadata(object, report);
  const hasVersion =
    object.info.scope === 'File' || object.info.versions.some((one) => one.name === object.version);
  const kindChecks = checks.get(object.key);
  if (kindChecks === undefined) return report.findings;
  const content = await checkContent(object, kindChecks, context);
  // Of other people's versions only the types can be told: whoever reads the object later counts on them.
  if (!hasVersion && object.info.external)
    return [...report.findings, ...content.filter(({ check }) => check === 'WrongType')];
  const embedded = [];
  for (const part of embeddedFindings(object)) {
    if ('finding' in part) {
      embedded.push(part.finding);
      continue;
    }
    const partChecks = checks.get(part.key);
    const info = findKind(part.key);
    if (partChecks === undefined || info === undefined) continue;
    const inner = { ...object, key: part.key, kind: info.kind, info, version: '', value: part.value };
    for (const finding of await checkContent(inner, partChecks, context)) {
      const isWrapped = part.wrapper !== undefined && finding.path[0] === part.wrapper;
      embedded.push({ ...finding, path: [...part.path, ...finding.path.slice(isWrapped ? 1 : 0)] });
    }
  }
  return [...report.findings, ...content, ...embedded];
}

/** Schema, CEL rules and the rules of the kind, each only as far as the one before lets it make sense. */
async function checkContent(
  object: MeshObject,
  checks: KindChecks,
  context: RuleContext,
): Promise<readonly Finding[]> {
  const { validators, rules, cel } = checks;
  const schema = schemaFindings(object, validators);
  if (schema.some(({ check }) => check === 'WrongType')) return schema;
  const spellings = validators?.spellingsFor(object.version);
  const named =
    spellings === undefined ? object : withJsonNames(object, toJsonNames(object.value, spellings));
  const fromRules = rules === undefined ? [] : ruleFindings(named, rules, context);
  const findings = [...unsaidBy(fromRules, schema), ...fromRules];
  const isBounded = !findings.some(({ check, level }) => check === 'TooMany' && level === 'Error');
  if (cel.length > 0 && isBounded) findings.push(...unsaid(await celFindings(named, cel), findings));
  return named === object
    ? findings
    : findings.map((finding) => ({ ...finding, path: asWritten(object.value, finding.path) }));
}

function schemaFindings(object: MeshObject, validators: ValidatorModule | undefined): Finding[] {
  const validator = validators?.validatorFor(object.version);
  if (validator === undefined || validator(object.value)) return [];
  const errors = validator.errors ?? [];
  // What is not even of the type need not be compared with limits.
  const mistyped = new Set(errors.filter(({ keyword }) => keyword === 'type').map((one) => one.instancePath));
  const findings = errors
    .filter(({ keyword, instancePath }) => !LIMITS.has(keyword) || !mistyped.has(instancePath))
    .map((error) => schemaFinding(error, object.value, SECRET_FIELDS.get(object.key)));
  if (errors.length >= MAX_ERRORS) {
    // A wrong type may be among those that are not listed, so nothing below may count on types.
    findings.push({
      check: 'WrongType',
      level: 'Error',
      path: [],
      message: `the object has more than ${MAX_ERRORS} errors; the rest is not listed`,
    });
  }
  return findings;
}

function ruleFindings(object: MeshObject, rules: KindRules, context: RuleContext): readonly Finding[] {
  const report = new RuleReport();
  try {
    rules(object, report, context);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.warn([], `${BROKEN_RULES} ${object.kind} could not be applied: ${reason}`, {
      hint: 'This is a fault of the check, not of the object; please report it with the object.',
    });
  }
  return report.findings;
}

/** A rule of the kind says more of a value than that it is malformed. */
function unsaidBy(fromRules: readonly Finding[], schema: readonly Finding[]): readonly Finding[] {
  if (fromRules.length === 0 || schema.length === 0) return schema;
  const refused = new Set(
    fromRules.filter(({ level }) => level === 'Error').map(({ path }) => formatFieldPath(path)),
  );
  return schema.filter(({ check, path }) => check !== 'InvalidValue' || !refused.has(formatFieldPath(path)));
}

/** A rule of the kind says more of a place than CEL does, where both refuse it or the rule a part of it. */
function unsaid(celRefusals: readonly Finding[], said: readonly Finding[]): readonly Finding[] {
  if (celRefusals.length === 0) return [];
  const refused = new Set(
    said
      .filter(({ level }) => level === 'Error')
      .flatMap(({ path }) => path.map((_, index) => path.slice(0, index + 1)).slice(path.length > 1 ? 1 : 0))
      .map(formatFieldPath),
  );
  return celRefusals.filter(({ path }) => !refused.has(formatFieldPath(path)));
}

function withJsonNames(object: MeshObject, value: unknown): MeshObject {
  return { ...object, value: value as MeshObject['value'] };
}

/** The path in the spelling of the input: a field that is missing there stands in snake_case. */
function asWritten(value: unknown, path: Finding['path']): Finding['path'] {
  let current: unknown = value;
  return path.map((part) => {
    const holder =
      typeof current === 'object' && current !== null ? (current as Record<string, unknown>) : {};
    const snake = String(part).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const written =
      typeof part === 'number' || Object.hasOwn(holder, part) || !Object.hasOwn(holder, snake) ? part : snake;
    current = holder[written];
    return written;
  });
}
