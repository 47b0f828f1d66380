/** Compresses bodies on their way to clients that accept it, and, where that is asked for, on their way to endpoints. */

import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type Compressor,
  type Compressor_CommonDirectionConfig as Direction,
  CompressorPerRouteSchema,
  CompressorSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/http/compressor/v3/compressor_pb.js';
import type { HeaderList } from '../http/header-list.ts';
import type { Counter, StatsScope } from '../stats/stats.ts';
import { type Choice, chooseEncoding } from './compression/accept-encoding.ts';
import { type BodyCodec, type Compression, compressorOf } from './compression/codecs.ts';
import type { FilterKind, FilterStream } from './filter.ts';
import { RouteSettings, unpack } from './settings.ts';

/** Envoy's own, for settings that name none. */
const CONTENT_TYPES: readonly string[] = [
  'text/html',
  'text/plain',
  'text/css',
  'application/javascript',
  'application/x-javascript',
  'text/javascript',
  'text/x-javascript',
  'text/ecmascript',
  'text/js',
  'text/jscript',
  'text/x-js',
  'application/ecmascript',
  'application/x-json',
  'application/xml',
  'application/json',
  'image/svg+xml',
  'text/xml',
  'application/xhtml+xml',
];
const MIN_LENGTH = 30;

/** What the compressors of one chain share about a request, for the choice between them. */
interface Shared {
  readonly accept: string | undefined;
  readonly offered: string[];
}

const ofStream = new WeakMap<FilterStream, Shared>();

function directionOf(direction: Direction | undefined, older?: Compressor) {
  const types = direction?.contentType ?? [];
  const olderTypes = older?.contentType ?? [];
  const named = types.length > 0 ? types : olderTypes;
  return {
    enabled: (direction?.enabled ?? older?.runtimeEnabled)?.defaultValue ?? true,
    types: new Set(named.length > 0 ? named : CONTENT_TYPES),
    minLength: direction?.minContentLength ?? older?.contentLength ?? MIN_LENGTH,
  };
}

interface DirectionStats {
  readonly compressed: Counter;
  readonly notCompressed: Counter;
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
  readonly tooSmall: Counter;
}

function directionStats(scope: StatsScope): DirectionStats {
  return {
    compressed: scope.counter('compressed'),
    notCompressed: scope.counter('not_compressed'),
    bytesIn: scope.counter('total_uncompressed_bytes'),
    bytesOut: scope.counter('total_compressed_bytes'),
    tooSmall: scope.counter('content_length_too_small'),
  };
}

type Rules = ReturnType<typeof directionOf>;

function isCompressible(headers: HeaderList, { types, minLength }: Rules, stats: DirectionStats): boolean {
  if (
    headers.has('content-encoding') ||
    /(^|,)\s*no-transform\s*(,|$)/.test(headers.joined('cache-control') ?? '')
  ) {
    return false;
  }
  const type = headers.get('content-type');
  if (type !== undefined && !types.has((type.split(';')[0] ?? '').trim().toLowerCase())) return false;
  const length = headers.get('content-length');
  if (length !== undefined && Number(length) < minLength) {
    stats.tooSmall.value++;
    return false;
  }
  return true;
}

function run(codec: BodyCodec, chunk: Buffer, end: boolean, stats: DirectionStats): Buffer {
  const out = codec.run(chunk, end);
  stats.bytesIn.value += chunk.length;
  stats.bytesOut.value += out.length;
  return out;
}

function mark(headers: HeaderList, { encoding }: Compression): void {
  headers.remove('content-length');
  headers.set('content-encoding', encoding);
}

function addVary(headers: HeaderList): void {
  const vary = headers.joined('vary');
  if (vary === undefined) headers.set('vary', 'Accept-Encoding');
  else if (!vary.toLowerCase().includes('accept-encoding')) headers.set('vary', `${vary}, Accept-Encoding`);
}

/** Settings at a route: whether it is off there, and whether `accept-encoding` goes. */
function routeOf(settings: Any) {
  const { override } = unpack(CompressorPerRouteSchema, settings);
  return {
    disabled: override.case === 'disabled',
    removeAccept:
      override.case === 'overrides'
        ? override.value.responseDirectionConfig?.removeAcceptEncodingHeader
        : undefined,
  };
}

export const COMPRESSOR: FilterKind = {
  typeName: CompressorSchema.typeName,

  compile(name, settings, { stats }) {
    const config = unpack(CompressorSchema, settings);
    const compression = compressorOf(config.compressorLibrary);
    const { requestDirectionConfig, responseDirectionConfig } = config;
    const response = directionOf(responseDirectionConfig?.commonConfig, config);
    const request =
      requestDirectionConfig === undefined ? undefined : directionOf(requestDirectionConfig.commonConfig);
    const responds = responseDirectionConfig !== undefined || requestDirectionConfig === undefined;
    const offEtag = responseDirectionConfig?.disableOnEtagHeader ?? config.disableOnEtagHeader;
    const offAccept =
      responseDirectionConfig?.removeAcceptEncodingHeader ?? config.removeAcceptEncodingHeader;
    const routes = new RouteSettings(routeOf);
    const scope = stats.scope(`compressor.${config.compressorLibrary?.name ?? ''}.${compression.statName}.`);
    const responseStats = directionStats(
      responseDirectionConfig === undefined ? scope : scope.scope('response.'),
    );
    const requestStats = request === undefined ? undefined : directionStats(scope.scope('request.'));
    const etag = scope.counter('not_compressed_etag');
    const choices: Readonly<Record<Choice['kind'], Counter>> = {
      none: scope.counter('no_accept_header'),
      identity: scope.counter('header_identity'),
      invalid: scope.counter('header_not_valid'),
      encoding: scope.counter('header_compressor_used'),
      wildcard: scope.counter('header_wildcard'),
    };
    const overshadowed = scope.counter('header_compressor_overshadowed');

    function isWanted({ accept, offered }: Shared): boolean {
      const choice = chooseEncoding(accept, offered);
      if (choice.kind !== 'encoding' && choice.kind !== 'wildcard') {
        choices[choice.kind].value++;
        return false;
      }
      const isMine = choice.encoding === compression.encoding;
      (isMine ? choices[choice.kind] : overshadowed).value++;
      return isMine;
    }

    return {
      name,
      forStream(stream) {
        const route = routes.first(stream, name);
        if (route?.disabled === true) return undefined;
        const shared = ofStream.get(stream) ?? {
          accept: stream.requestHeaders.joined('accept-encoding'),
          offered: [],
        };
        ofStream.set(stream, shared);
        if (responds && response.enabled) shared.offered.push(compression.encoding);
        let toClient: BodyCodec | undefined;
        let toEndpoint: BodyCodec | undefined;

        return {
          onRequestHeaders({ requestHeaders: headers }, end) {
            if (route?.removeAccept ?? offAccept) headers.remove('accept-encoding');
            if (request === undefined || requestStats === undefined || !request.enabled || end)
              return 'continue';
            if (isCompressible(headers, request, requestStats)) {
              mark(headers, compression);
              toEndpoint = compression.open();
              requestStats.compressed.value++;
            } else {
              requestStats.notCompressed.value++;
            }
            return 'continue';
          },
          onRequestData(_, chunk, end) {
            if (toEndpoint === undefined || requestStats === undefined) return chunk;
            return run(toEndpoint, chunk, end, requestStats);
          },
          onResponseHeaders(_, __, headers, end) {
            if (!responds || !response.enabled) return 'continue';
            const hasEtag = offEtag && headers.has('etag');
            if (hasEtag) etag.value++;
            if (hasEtag || !isCompressible(headers, response, responseStats)) {
              responseStats.notCompressed.value++;
              return 'continue';
            }
            addVary(headers);
            // Without a body there is nothing to do but to say that there might be.
            if (end) return 'continue';
            if (!isWanted(shared)) {
              responseStats.notCompressed.value++;
              return 'continue';
            }
            // A strong validator names the bytes, which change.
            if (headers.get('etag')?.startsWith('W/') === false) headers.remove('etag');
            mark(headers, compression);
            responseStats.compressed.value++;
            toClient = compression.open();
            return 'continue';
          },
          onResponseData(_, chunk, end) {
            return toClient === undefined ? chunk : run(toClient, chunk, end, responseStats);
          },
          onResponseTrailers() {
            return toClient === undefined ? undefined : run(toClient, Buffer.alloc(0), true, responseStats);
          },
        };
      },
    };
  },

  checkRouteSettings(settings) {
    routeOf(settings);
  },
};
