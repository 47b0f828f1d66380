/** Reads a single document of settings (MeshConfig and its like), which is a value and no object. */

import type { Position } from '../object.ts';
import { ConstructError, construct } from './construct.ts';
import type { Fault } from './construct.ts';
import { dropNulls } from './objects.ts';
import { LineTable } from './line-table.ts';
import { describeSyntaxError, structureFault } from './problem.ts';
import { parseYaml } from '../../base/yaml-events.ts';

export interface ParsedValue {
  /** The first document, nulls left out of maps; undefined when it cannot be read. */
  readonly value: unknown;
  readonly faults: readonly (Position & { readonly message: string; readonly hint?: string })[];
}

/** The value of a YAML or JSON text. Never throws. */
export function parseValue(text: string): ParsedValue {
  const faults: Fault[] = [];
  let value: unknown;
  try {
    const yaml = parseYaml(text);
    const document = construct(yaml.text, yaml.events, faults)[0];
    value = document?.value;
    if (document?.hasNull === true) dropNulls(value, []);
  } catch (error) {
    faults.push(
      error instanceof ConstructError ? structureFault(error.fault, text) : describeSyntaxError(error, text),
    );
  }
  const lines = new LineTable(text);
  return {
    value,
    faults: faults.map(({ offset, ...fault }) => ({ ...fault, ...lines.at(offset) })),
  };
}
