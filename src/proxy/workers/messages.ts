/** What the main process and its workers tell each other. */

import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import type { DrainRequest } from '../admin/page.ts';
import type { LogLevel, LoggerName } from '../process-log.ts';
import type { StatRow } from '../stats/store.ts';
import type { RawResource } from '../xds-client/resource-types.ts';

/** A resource as bytes. */
export interface SentResource {
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

export type ToWorker =
  | {
      readonly kind: 'resources';
      readonly typeUrl: string;
      readonly added: readonly SentResource[];
      readonly removed: readonly string[];
    }
  | { readonly kind: 'rows'; readonly id: number }
  | { readonly kind: 'reset-counters' }
  | { readonly kind: 'drain'; readonly request: DrainRequest }
  | { readonly kind: 'health'; readonly isFailing: boolean }
  | { readonly kind: 'log-level'; readonly level: LogLevel; readonly logger: LoggerName | undefined }
  | { readonly kind: 'reopen-logs' }
  | { readonly kind: 'end' };

export type FromWorker =
  | { readonly kind: 'live' }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly StatRow[] };

export function sent({ name, version, value }: RawResource): SentResource {
  return { name, version, bytes: value.value };
}

export function received(typeUrl: string, { name, version, bytes }: SentResource): RawResource {
  return { name, version, value: create(AnySchema, { typeUrl, value: bytes }) };
}
