/** Compressing and decompressing in pieces, at once: filters have no time to wait. */

import { BrotliCompress, BrotliDecompress, Gunzip, Gzip, constants } from 'minizlib';
import type { TypedExtensionConfig } from '../../../xds/proto/generated/envoy/config/core/v3/extension_pb.js';
import {
  BrotliSchema as BrotliCompressorSchema,
  Brotli_EncoderMode as EncoderMode,
} from '../../../xds/proto/generated/envoy/extensions/compression/brotli/compressor/v3/brotli_pb.js';
import { BrotliSchema as BrotliDecompressorSchema } from '../../../xds/proto/generated/envoy/extensions/compression/brotli/decompressor/v3/brotli_pb.js';
import {
  GzipSchema as GzipCompressorSchema,
  type Gzip as GzipSettings,
} from '../../../xds/proto/generated/envoy/extensions/compression/gzip/compressor/v3/gzip_pb.js';
import { GzipSchema as GzipDecompressorSchema } from '../../../xds/proto/generated/envoy/extensions/compression/gzip/decompressor/v3/gzip_pb.js';
import { UnsupportedError } from '../../route/unsupported.ts';
import { unpack } from '../settings.ts';

/** One message's body. */
export interface BodyCodec {
  /** What comes out for this piece. Throws an `Error` for bytes that are no such compression, or that swell too much. */
  run(chunk: Buffer, isLast: boolean): Buffer;
}

export interface Compression {
  /** As in `content-encoding`. */
  readonly encoding: string;
  /** Part of the names of statistics, as `gzip`. */
  readonly statName: string;
  open(): BodyCodec;
}

/** Output for each byte of input, where the settings name no bound. */
const MOST_RATIO = 100;
/** Bytes that are decompressed before the bound is looked at again. */
const PIECE = 4096;

type SyncStream = Gzip | Gunzip | BrotliCompress | BrotliDecompress;

class Codec implements BodyCodec {
  readonly #stream: SyncStream;
  readonly #flushFlag: number;
  readonly #ratio: number;
  #out: Buffer[] = [];
  #error: Error | undefined;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(stream: SyncStream, flushFlag: number, ratio = Infinity) {
    this.#stream = stream;
    this.#flushFlag = flushFlag;
    this.#ratio = ratio;
    stream.on('data', (chunk: Buffer) => {
      this.#bytesOut += chunk.length;
      this.#out.push(chunk);
    });
    stream.on('error', (error: unknown) => {
      this.#error ??= error instanceof Error ? error : new Error(String(error));
    });
  }

  run(chunk: Buffer, isLast: boolean): Buffer {
    for (let offset = 0; offset < chunk.length; offset += PIECE) {
      const piece = chunk.subarray(offset, offset + PIECE);
      this.#bytesIn += piece.length;
      this.#stream.write(piece);
      if (this.#bytesOut > this.#bytesIn * this.#ratio) throw new Error('swells too much');
    }
    if (isLast) this.#stream.end();
    else if (chunk.length > 0) this.#stream.flush(this.#flushFlag);
    if (this.#error !== undefined) throw this.#error;
    const out = Buffer.concat(this.#out);
    this.#out = [];
    return out;
  }
}

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = constants;

function gzipOptions(settings: GzipSettings) {
  const level = settings.compressionLevel;
  return {
    level: level === 0 ? constants.Z_DEFAULT_COMPRESSION : level,
    memLevel: settings.memoryLevel ?? 5,
    windowBits: settings.windowBits ?? 12,
    strategy: settings.compressionStrategy,
  };
}

function typeOf(library: TypedExtensionConfig | undefined): string {
  return library?.typedConfig?.typeUrl.split('/').at(-1) ?? '';
}

/** Throws an `UnsupportedError` for libraries that are not known. */
export function compressorOf(library: TypedExtensionConfig | undefined): Compression {
  const settings = library?.typedConfig;
  switch (settings === undefined ? '' : typeOf(library)) {
    case GzipCompressorSchema.typeName: {
      const options = settings && gzipOptions(unpack(GzipCompressorSchema, settings));
      return {
        encoding: 'gzip',
        statName: 'gzip',
        open: () => new Codec(new Gzip(options ?? {}), Z_SYNC_FLUSH),
      };
    }
    case BrotliCompressorSchema.typeName: {
      const brotli = settings && unpack(BrotliCompressorSchema, settings);
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: brotli?.quality ?? 3,
        [constants.BROTLI_PARAM_LGWIN]: brotli?.windowBits ?? 18,
        [constants.BROTLI_PARAM_LGBLOCK]: brotli?.inputBlockBits ?? 24,
        [constants.BROTLI_PARAM_MODE]: brotliMode(brotli?.encoderMode),
        [constants.BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING]: Number(
          brotli?.disableLiteralContextModeling ?? false,
        ),
      };
      const options = { params, finishFlush: constants.BROTLI_OPERATION_FINISH };
      return {
        encoding: 'br',
        statName: 'brotli',
        open: () => new Codec(new BrotliCompress(options), BROTLI_OPERATION_FLUSH),
      };
    }
    default:
      throw new UnsupportedError(`compressor library ${typeOf(library)}`);
  }
}

function brotliMode(mode: EncoderMode | undefined): number {
  switch (mode) {
    case EncoderMode.TEXT:
      return constants.BROTLI_MODE_TEXT;
    case EncoderMode.FONT:
      return constants.BROTLI_MODE_FONT;
    default:
      return constants.BROTLI_MODE_GENERIC;
  }
}

/** Throws an `UnsupportedError` for libraries that are not known. */
export function decompressorOf(library: TypedExtensionConfig | undefined): Compression {
  const settings = library?.typedConfig;
  switch (settings === undefined ? '' : typeOf(library)) {
    case GzipDecompressorSchema.typeName: {
      const gzip = settings && unpack(GzipDecompressorSchema, settings);
      const ratio = gzip?.maxInflateRatio ?? MOST_RATIO;
      // A larger window than the settings' reads all that a smaller one does.
      return {
        encoding: 'gzip',
        statName: 'gzip',
        open: () => new Codec(new Gunzip({}), Z_SYNC_FLUSH, ratio),
      };
    }
    case BrotliDecompressorSchema.typeName:
      return {
        encoding: 'br',
        statName: 'brotli',
        open: () => new Codec(new BrotliDecompress({}), BROTLI_OPERATION_FLUSH, MOST_RATIO),
      };
    default:
      throw new UnsupportedError(`decompressor library ${typeOf(library)}`);
  }
}
