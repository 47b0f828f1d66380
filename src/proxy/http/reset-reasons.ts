/** Why streams end before their end, in Envoy's words, and what the client is told of it. */

import type { ResponseFlag } from '../stream-info.ts';
import type { ResetReason } from './codec.ts';

const WORDS: Readonly<Record<ResetReason, string>> = {
  'connection-failure': 'remote connection failure',
  'connection-timeout': 'connection timeout',
  'connection-termination': 'connection termination',
  'remote-reset': 'remote reset',
  'remote-refused': 'remote refused stream reset',
  'local-reset': 'local reset',
  'local-refused': 'local refused stream reset',
  overflow: 'overflow',
  'protocol-error': 'protocol error',
};

const FLAGS: Readonly<Record<ResetReason, ResponseFlag>> = {
  'connection-failure': 'UF',
  'connection-timeout': 'UF',
  'connection-termination': 'UC',
  'remote-reset': 'UR',
  'remote-refused': 'UR',
  'local-reset': 'LR',
  'local-refused': 'LR',
  overflow: 'UO',
  'protocol-error': 'UPE',
};

export function resetWords(reason: ResetReason): string {
  return WORDS[reason];
}

export function resetFlag(reason: ResetReason): ResponseFlag {
  return FLAGS[reason];
}

/** The body of the answer. */
export function resetBody(reason: ResetReason, retried: boolean): string {
  const what = retried ? 'retried and the latest reset reason' : 'reset reason';
  return `upstream connect error or disconnect/reset before headers. ${what}: ${WORDS[reason]}`;
}

/** `started` is whether a response had begun. */
export function resetDetails(reason: ResetReason, transport: string, started: boolean): string {
  const why = WORDS[reason] + (transport === '' ? '' : `|${transport}`);
  return `upstream_reset_${started ? 'after' : 'before'}_response_started{${why.replaceAll(' ', '_')}}`;
}
