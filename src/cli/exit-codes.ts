/** Exit codes, from one table keyed by the code of the error. */

export const EXIT = {
  ok: 0,
  /** Findings of validate, or an operation that failed. */
  failed: 1,
  usage: 2,
  /** analyze: input that could not be read as configuration. */
  badInput: 65,
  /** analyze: findings at or above the failure threshold. */
  issues: 79,
} as const;

/** Errors that do not end with 1. */
const BY_CODE: Readonly<Record<string, number>> = {
  UnknownCommand: EXIT.usage,
  UnknownFlag: EXIT.usage,
  BadFlagValue: EXIT.usage,
  MissingArgument: EXIT.usage,
  UnexpectedArgument: EXIT.usage,
  BadArgument: EXIT.usage,
  BadSetting: EXIT.usage,
  UnknownCode: EXIT.usage,
  UnknownAnalyzer: EXIT.usage,
  UnknownKind: EXIT.usage,
  UnknownField: EXIT.usage,
  UnknownVersion: EXIT.usage,
};

/** The exit code of an error with that code. */
export function exitCodeOf(code: string): number {
  return BY_CODE[code] ?? EXIT.failed;
}
