/**
 * Messages that Istio has no code for: MESH20xx AuthorizationPolicy, 21xx DestinationRule, 22xx Gateway, 23xx mutual
 * TLS, 24xx Service, 25xx Sidecar, 26xx VirtualService, 27xx workloads and ambient mode, 28xx Gateway API, 29xx
 * the rest. No code is used twice, and a retired code is not used again.
 */

import { type MessageType, define } from './message.ts';

export const MESH_MESSAGES = {} satisfies Record<string, MessageType>;
