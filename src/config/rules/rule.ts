/** The shape of a rules file: what a schema cannot say about one kind. */

import type { FieldPath } from '../../base/field-path.ts';
import type { CheckName, Finding } from '../finding.ts';
import type { MeshObject } from '../object.ts';

export interface RuleContext {
  /** The namespace that an object without one falls into. */
  readonly defaultNamespace: string;
  /** Where mesh-wide policies live. */
  readonly rootNamespace: string;
}

/**
 * Rules of a kind. They run only on objects whose values have the types that the schema gives them, but
 * every field may be absent, and enums, patterns and limits may have failed already. Pure; never throws.
 */
export type KindRules<Value = Record<string, unknown>> = (
  object: MeshObject<Value>,
  report: RuleReport,
  context: RuleContext,
) => void;

/** Collects findings. `path` is from the object's root, so it starts with 'spec' or 'metadata'. */
export class RuleReport {
  readonly findings: Finding[] = [];

  /** A value that the control plane would refuse. */
  error(path: FieldPath, message: string, options: { check?: CheckName; hint?: string } = {}): void {
    this.#add('Error', 'InvalidValue', path, message, options);
  }

  /** A value that is accepted and likely not what was meant. */
  warn(path: FieldPath, message: string, options: { check?: CheckName; hint?: string } = {}): void {
    this.#add('Warning', 'Questionable', path, message, options);
  }

  #add(
    level: Finding['level'],
    check: CheckName,
    path: FieldPath,
    message: string,
    options: { check?: CheckName; hint?: string },
  ): void {
    this.findings.push({
      level,
      check: options.check ?? check,
      path,
      message,
      ...(options.hint === undefined ? {} : { hint: options.hint }),
    });
  }
}
