/**
 * The contract between the code that the build generates (`generated/`) and those who call it.
 *
 * Validators: `VALIDATORS[key]()` loads the module of a kind; `validatorFor(version)` gives the function.
 * Call it with the whole object, nulls already removed from maps; when it returns false, read `.errors` at once
 * (the next call replaces them). At most 200 errors are kept of an object.
 * - Errors whose keyword is `deprecated` are warnings: an object with no other errors is valid.
 * - A value of the wrong type gives one error, and nothing below it is looked at.
 * - `instancePath` is a JSON pointer (`~1` is `/`, `~0` is `~`). Whether a part is an index or a key shows only
 *   when the pointer is walked along the object.
 * - Enums, patterns, formats and limits are checked; rules (`RULES`) and CEL (`CEL_RULES`) are not.
 * - Defaults are not filled in, also where the API server does so before it evaluates CEL: rules allow for absence.
 *
 * Kinds with `protoNames` accept fields in snake_case too. With `spellingsFor(version)` of their
 * module, `toJsonNames` (`proto-names.ts`) gives the object as rules and CEL expect it; undefined for all others.
 */

import type { KindKey } from '../api/kind-info.ts';
import type { PlacedCelRule } from '../api/placed-cel-rule.ts';
import type { Spellings } from '../api/spellings.ts';
import type { KindRules } from './rules/rule.ts';

interface ErrorOf<Keyword extends string, Params> {
  readonly keyword: Keyword;
  /** JSON pointer to the value that is wrong; to the object for errors about its fields. */
  readonly instancePath: string;
  readonly params: Params;
}

/** What a validator finds wrong. */
export type SchemaError =
  /** Not of the type: object, array, string, integer, number, boolean. */
  | ErrorOf<'type', { readonly type: string }>
  /** Neither an integer nor a string. */
  | ErrorOf<'x-mesh-int-or-string', Readonly<Record<string, never>>>
  /** `field` of the object is none of `allowed`. */
  | ErrorOf<'x-mesh-closed', { readonly field: string; readonly allowed: readonly string[] }>
  /** Second form: for fields with two spellings; the JSON name is given. */
  | ErrorOf<'required' | 'x-mesh-required', { readonly missingProperty: string }>
  /** More than one of `fields` is set: those in `present`. */
  | ErrorOf<'x-mesh-exclusive', { readonly fields: readonly string[]; readonly present: readonly string[] }>
  /** None, or more than one, of `fields` is set. */
  | ErrorOf<'x-mesh-one-of', { readonly fields: readonly string[]; readonly present: readonly string[] }>
  /** The field is set and deprecated; `hint` says what to use, as a sentence. A warning. */
  | ErrorOf<'deprecated', { readonly hint?: string }>
  | ErrorOf<'x-mesh-enum', { readonly allowed: readonly (string | number | boolean)[] }>
  | ErrorOf<'pattern', { readonly pattern: string }>
  /** `duration` (Go's, as 1h30m), `date-time` (RFC 3339), `byte` (base64), `int64`, `uint64` (digits in a string). */
  | ErrorOf<'format', { readonly format: string }>
  | ErrorOf<'minLength' | 'maxLength' | 'minItems' | 'maxItems' | 'minProperties' | 'maxProperties', Limit>
  | ErrorOf<
      'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum',
      Limit & { readonly comparison: string }
    >
  | ErrorOf<'multipleOf', { readonly multipleOf: number }>
  /** Items `first` and `second` of the list are equal, or have equal `keys` where the list is a map. */
  | ErrorOf<
      'x-mesh-unique',
      { readonly first: number; readonly second: number; readonly keys: readonly string[] }
    >;

interface Limit {
  readonly limit: number;
}

/** A compiled schema. True: sound. False: `errors` has what is wrong, until the next call. */
export interface SchemaValidator {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaError[] | null;
}

/** A module in `generated/validators/`. */
export interface ValidatorModule {
  /** The validator of that version's whole object; for an unknown version, that of the storage version. */
  readonly validatorFor: (version: string) => SchemaValidator;
  /** As above, by version; undefined unless the kind has `protoNames`. */
  readonly spellingsFor: (version: string) => Spellings | undefined;
}

/** `CEL_RULES` in `generated/cel-rules.ts`; kinds without rules are absent. */
export type CelRuleTable = Readonly<Record<KindKey, () => Promise<readonly PlacedCelRule[]>>>;

/** `VALIDATORS` in `generated/validators.ts`; every known kind is there. */
export type ValidatorTable = Readonly<Record<KindKey, () => Promise<ValidatorModule>>>;

/** A file in `rules/<area>/`. `never` because the value's type is known to the file alone: cast when calling. */
export interface RulesModule {
  readonly rules: KindRules<never>;
}
