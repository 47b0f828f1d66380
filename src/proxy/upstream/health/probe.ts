/** One way to ask an endpoint whether it is well. */

import type { Socket } from 'node:net';
import type { HealthCheck_Payload } from '../../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import { InvalidConfigError } from '../../config-error.ts';
import type { NameStyle } from '../../http1/name-style.ts';
import type { Endpoint } from '../host.ts';

/** `network`: it could not be asked. `active`: it said that it is not well. `retriable`: it may be, later. */
export type ProbeResult =
  | { readonly kind: 'healthy'; readonly isDegraded: boolean }
  | { readonly kind: 'network' | 'active' | 'retriable'; readonly isExcluded?: boolean };

export interface ProbeTarget {
  readonly host: Endpoint;
  /** Begins to connect to where the endpoint is asked; over TLS when its transport says so. */
  connect(alpn: readonly string[]): Socket;
}

/** Asks one endpoint; keeps a connection between questions where that is wanted. */
export interface Probe {
  /** Calls back once. `stop` gives up. */
  ask(onResult: (result: ProbeResult) => void): { stop(): void };
  close(): void;
}

export type ProbeFactory = (target: ProbeTarget) => Probe;

export interface SharedProbeOptions {
  readonly clusterName: string;
  readonly nameStyle: NameStyle;
  readonly reuse: boolean;
  readonly alpn: readonly string[];
}

export const NETWORK_FAILURE: ProbeResult = { kind: 'network' };
export const HEALTHY: ProbeResult = { kind: 'healthy', isDegraded: false };

/** The bytes of a payload; text is hexadecimal. */
export function payloadBytes(field: string, payload: HealthCheck_Payload): Buffer {
  const { payload: one } = payload;
  if (one.case === 'binary') return Buffer.from(one.value);
  const text = one.value ?? '';
  if (text.length % 2 !== 0 || !/^[\da-f]*$/i.test(text))
    throw new InvalidConfigError(field, 'not hexadecimal');
  return Buffer.from(text, 'hex');
}
