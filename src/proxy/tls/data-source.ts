/** Bytes that a configuration holds or names. */

import { readFileSync } from 'node:fs';
import type { DataSource } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { InvalidConfigError, refuseFields } from '../config-error.ts';

/** Undefined when nothing is named. Throws an `InvalidConfigError` when it cannot be read; never shows what is in it. */
export function readDataSource(field: string, source: DataSource | undefined): Buffer | undefined {
  if (source === undefined) return undefined;
  refuseFields(field, { watched_directory: source.watchedDirectory !== undefined });
  const { specifier } = source;
  switch (specifier.case) {
    case 'filename':
      try {
        return readFileSync(specifier.value);
      } catch (error) {
        throw new InvalidConfigError(
          `${field}.filename`,
          error instanceof Error ? error.message : String(error),
        );
      }
    case 'inlineBytes':
      return Buffer.from(specifier.value);
    case 'inlineString':
      return Buffer.from(specifier.value);
    case 'environmentVariable': {
      const value = process.env[specifier.value];
      if (value === undefined) {
        throw new InvalidConfigError(`${field}.environment_variable`, `${specifier.value} is not set`);
      }
      return Buffer.from(value);
    }
    default:
      return undefined;
  }
}
