/** Envoy's Http2ProtocolOptions, the same for both sides. */

import type { Http2ProtocolOptions } from '../../xds/proto/generated/envoy/config/core/v3/protocol_pb.js';
import { milliseconds, refuseFields } from '../config-error.ts';

/** Pings of a quiet connection; times in milliseconds. */
export interface KeepaliveSettings {
  /** Between pings; 0 for none that come by themselves. */
  readonly interval: number;
  /** How long an answer may take. */
  readonly timeout: number;
  /** The interval is made longer by up to this share of itself. */
  readonly jitter: number;
  /** A connection that has been quiet for so long is asked before it is used again; 0 for never. */
  readonly idleInterval: number;
}

/** What a peer may make this side hold, or do in vain. */
export interface FloodLimits {
  readonly outboundFrames: number;
  readonly outboundControlFrames: number;
  readonly emptyFrames: number;
  readonly priorityFramesPerStream: number;
  readonly windowUpdatesPerDataFrame: number;
}

export interface Http2Settings {
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindow: number;
  readonly initialConnectionWindow: number;
  readonly allowConnect: boolean;
  readonly maxHeaderTableSize: number;
  /** A message that is none ends its stream, not the connection. */
  readonly streamErrors: boolean;
  readonly keepalive: KeepaliveSettings | undefined;
  readonly floods: FloodLimits;
}

const MIB = 1024 * 1024;
/** More than this is not let come in ahead of what is read. */
const MAX_STREAM_WINDOW = MIB;
const JITTER = 15;

/**
 * With Envoy's defaults: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/protocol.proto
 * Throws an `UnsupportedError` that names the field.
 */
export function http2Settings(owner: string, options: Http2ProtocolOptions | undefined): Http2Settings {
  refuseFields(`${owner}.http2_protocol_options`, {
    allow_metadata: options?.allowMetadata === true,
    custom_settings_parameters: (options?.customSettingsParameters.length ?? 0) > 0,
  });
  const keepalive = options?.connectionKeepalive;
  return {
    maxConcurrentStreams: options?.maxConcurrentStreams ?? 1_024,
    initialStreamWindow: Math.min(options?.initialStreamWindowSize ?? 16 * MIB, MAX_STREAM_WINDOW),
    initialConnectionWindow: options?.initialConnectionWindowSize ?? 24 * MIB,
    allowConnect: options?.allowConnect ?? false,
    maxHeaderTableSize: options?.hpackTableSize ?? 4_096,
    streamErrors:
      options?.overrideStreamErrorOnInvalidHttpMessage ?? options?.streamErrorOnInvalidHttpMessaging ?? false,
    keepalive:
      keepalive === undefined
        ? undefined
        : {
            interval: milliseconds(keepalive.interval, 0),
            timeout: milliseconds(keepalive.timeout, 0),
            jitter: (keepalive.intervalJitter?.value ?? JITTER) / 100,
            idleInterval: milliseconds(keepalive.connectionIdleInterval, 0),
          },
    floods: {
      outboundFrames: options?.maxOutboundFrames ?? 10_000,
      outboundControlFrames: options?.maxOutboundControlFrames ?? 1_000,
      emptyFrames: options?.maxConsecutiveInboundFramesWithEmptyPayload ?? 1,
      priorityFramesPerStream: options?.maxInboundPriorityFramesPerStream ?? 100,
      windowUpdatesPerDataFrame: options?.maxInboundWindowUpdateFramesPerDataFrameSent ?? 10,
    },
  };
}
