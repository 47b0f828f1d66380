/** Decompresses bodies of requests and answers, so that what follows sees them plain. */

import {
  type Decompressor_CommonDirectionConfig as Direction,
  DecompressorSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/http/decompressor/v3/decompressor_pb.js';
import type { HeaderList } from '../http/header-list.ts';
import type { Counter, StatsScope } from '../stats/stats.ts';
import { type BodyCodec, decompressorOf } from './compression/codecs.ts';
import type { FilterKind } from './filter.ts';
import { unpack } from './settings.ts';

interface DirectionStats {
  readonly decompressed: Counter;
  readonly notDecompressed: Counter;
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
}

function directionStats(scope: StatsScope): DirectionStats {
  return {
    decompressed: scope.counter('decompressed'),
    notDecompressed: scope.counter('not_decompressed'),
    bytesIn: scope.counter('total_compressed_bytes'),
    bytesOut: scope.counter('total_uncompressed_bytes'),
  };
}

function directionOf(direction: Direction | undefined) {
  return {
    enabled: direction?.enabled?.defaultValue ?? true,
    ignoresNoTransform: direction?.ignoreNoTransformHeader ?? false,
  };
}

/** Takes the encoding off the headers when it is the outermost one; false when the body stays as it is. */
function strip(
  headers: HeaderList,
  encoding: string,
  { ignoresNoTransform }: ReturnType<typeof directionOf>,
): boolean {
  const noTransform = /(^|,)\s*no-transform\s*(,|$)/.test(headers.joined('cache-control') ?? '');
  if (noTransform && !ignoresNoTransform) return false;
  const encodings = (headers.joined('content-encoding') ?? '').split(',').map((one) => one.trim());
  if (encodings[0]?.toLowerCase() !== encoding) return false;
  const rest = encodings.slice(1);
  if (rest.length === 0) headers.remove('content-encoding');
  else headers.set('content-encoding', rest.join(','));
  headers.remove('content-length');
  return true;
}

/** A codec that gives nothing more after bytes that it cannot read, as Envoy's. */
function patient(codec: BodyCodec, errors: Counter): BodyCodec {
  let isBroken = false;
  return {
    run(chunk, isLast) {
      if (isBroken) return Buffer.alloc(0);
      try {
        return codec.run(chunk, isLast);
      } catch {
        isBroken = true;
        errors.value++;
        return Buffer.alloc(0);
      }
    },
  };
}

export const DECOMPRESSOR: FilterKind = {
  typeName: DecompressorSchema.typeName,

  compile(name, settings, { stats }) {
    const config = unpack(DecompressorSchema, settings);
    const compression = decompressorOf(config.decompressorLibrary);
    const { encoding } = compression;
    const request = directionOf(config.requestDirectionConfig?.commonConfig);
    const response = directionOf(config.responseDirectionConfig?.commonConfig);
    const advertises = config.requestDirectionConfig?.advertiseAcceptEncoding ?? true;
    const scope = stats.scope(
      `decompressor.${config.decompressorLibrary?.name ?? ''}.${compression.statName}.`,
    );
    const errors = scope.counter('decompressor_library.zlib_data_error');
    const requestStats = directionStats(scope.scope('request.'));
    const responseStats = directionStats(scope.scope('response.'));

    function begin(
      headers: HeaderList,
      rules: typeof request,
      counters: DirectionStats,
    ): BodyCodec | undefined {
      if (!rules.enabled || !strip(headers, encoding, rules)) {
        counters.notDecompressed.value++;
        return undefined;
      }
      counters.decompressed.value++;
      return patient(compression.open(), errors);
    }

    function run(codec: BodyCodec, chunk: Buffer, end: boolean, counters: DirectionStats): Buffer {
      const out = codec.run(chunk, end);
      counters.bytesIn.value += chunk.length;
      counters.bytesOut.value += out.length;
      return out;
    }

    return {
      name,
      forStream() {
        let fromClient: BodyCodec | undefined;
        let fromEndpoint: BodyCodec | undefined;
        return {
          onRequestHeaders({ requestHeaders: headers }, end) {
            if (response.enabled && advertises) {
              const others = (headers.joined('accept-encoding') ?? '')
                .split(',')
                .map((one) => one.trim())
                .filter((one) => one !== '' && one.split(';')[0]?.trim().toLowerCase() !== encoding);
              headers.set('accept-encoding', [...others, encoding].join(','));
            }
            if (!end) fromClient = begin(headers, request, requestStats);
            return 'continue';
          },
          onRequestData: (_, chunk, end) =>
            fromClient === undefined ? chunk : run(fromClient, chunk, end, requestStats),
          onResponseHeaders(_, __, headers, end) {
            if (!end) fromEndpoint = begin(headers, response, responseStats);
            return 'continue';
          },
          onResponseData: (_, chunk, end) =>
            fromEndpoint === undefined ? chunk : run(fromEndpoint, chunk, end, responseStats),
          onResponseTrailers: () =>
            fromEndpoint === undefined ? undefined : run(fromEndpoint, Buffer.alloc(0), true, responseStats),
        };
      },
    };
  },
};
