/** What a program inside a test's network is to do. */

import type { JsonObject } from '@bufbuild/protobuf';

export interface Plan {
  readonly applications: readonly { readonly ip: string; readonly port: number; readonly name: string }[];
  readonly clusters: readonly JsonObject[];
  readonly listeners: readonly JsonObject[];
  readonly connections: readonly { readonly from: string; readonly to: string; readonly port: number }[];
}
