/** One connection of HTTP/2, whichever side this is: frames in, streams, windows, settings, and the end. RFC 9113. */

import type { Socket } from 'node:net';
import type { HeaderList } from '../http/header-list.ts';
import type { Counter } from '../stats/stats.ts';
import { ConnectionError, ErrorCode } from './errors.ts';
import { FloodError, FloodGuard } from './flood-guard.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { FIRST_WINDOW, Flag, FrameType, MAX_STREAM_ID, MAX_WINDOW, Setting } from './frames.ts';
import { HeaderBlocks, headerBlock } from './header-blocks.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { Keepalive } from './keepalive.ts';
import { MessageFields } from './message-fields.ts';
import type { Http2Settings } from './options.ts';
import { Output, type OutputOwner } from './output.ts';
import { checkSetting, settingsIn } from './peer-settings.ts';
import type { Http2Stats } from './stats.ts';
import { StreamTable } from './stream-table.ts';
import type { Http2Stream, StreamHost } from './stream.ts';
import { readFrom } from '../sockets/reading.ts';

export interface ConnectionOptions extends Http2Settings {
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly stats: Http2Stats;
  readonly received: Counter;
  readonly sent: Counter;
}

/** What a connection that ends has to say to the peer may take so long, in milliseconds. */
const LINGER = 1_000;

export abstract class Http2Connection implements FrameHandler, OutputOwner, StreamHost {
  readonly socket: Socket;
  protected readonly options: ConnectionOptions;
  protected readonly streams = new StreamTable<Http2Stream>();
  protected readonly fields: MessageFields;
  readonly output: Output;
  readonly initialReceiveWindow: number;
  sendWindow = FIRST_WINDOW;
  protected readonly floods: FloodGuard;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlocks;
  readonly #encoder: HpackEncoder;
  readonly #keepalive: Keepalive | undefined;
  #initialSendWindow = FIRST_WINDOW;
  #receiveWindow: number;
  #taken = 0;
  /** Octets of content in the DATA frame that is coming. */
  #content = 0;
  /** Streams that have bytes to send and room in their own windows. */
  readonly #queued = new Set<Http2Stream>();
  readonly #awaiting = new Set<Http2Stream>();
  #settled = false;
  /** The peer has taken note of this side's settings. */
  protected settingsKnown = false;
  #linger: NodeJS.Timeout | undefined;
  /** It is over for those above. */
  protected gone = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.options = options;
    this.fields = new MessageFields(options);
    this.floods = new FloodGuard(options.floods, options.stats);
    this.output = new Output(socket, options.sent, this.floods, this);
    this.#reader = new FrameReader(this);
    this.#blocks = new HeaderBlocks(options, this.fields, this.floods, (id, end) => this.onFields(id, end));
    this.#encoder = new HpackEncoder(options.maxHeaderTableSize);
    this.initialReceiveWindow = options.initialStreamWindow;
    this.#receiveWindow = options.initialConnectionWindow;
    if (options.keepalive !== undefined) {
      this.#keepalive = new Keepalive(options.keepalive, {
        ping: (payload) => this.output.ping(payload, false),
        onTimeout: () => {
          options.stats.counters.keepalive_timeout.value++;
          this.abort();
        },
      });
    }
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.abort());
    socket.on('close', () => this.abort());
    readFrom(socket, (chunk) => this.receive(chunk));
  }

  /** What the first frame of this side says, and the connection's window. */
  protected open(pairs: readonly (readonly [id: number, value: number])[]): void {
    const { initialConnectionWindow: window } = this.options;
    this.output.settings(pairs);
    if (window > FIRST_WINDOW) this.output.windowUpdate(0, window - FIRST_WINDOW);
  }

  get idle(): boolean {
    return this.streams.size === 0;
  }

  // === what comes ===

  receive(chunk: Buffer): void {
    this.options.received.value += chunk.length;
    if (this.gone) return;
    try {
      this.read(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#fail(error);
    }
    // Whoever asks for that many answers at once need not be waited for.
    if (this.floods.overflows()) this.onOverflow();
  }

  protected read(chunk: Buffer): void {
    this.#keepalive?.onTraffic();
    this.#reader.read(chunk);
  }

  onFrameHead(type: number, flags: number, stream: number): void {
    if (!this.#settled) {
      if (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0)
        throw broken('the first frame is not SETTINGS');
      this.#settled = true;
    }
    this.#blocks.expect(type, stream);
  }

  onData(id: number, bytes: Buffer, credit: number, last: boolean, flags: number): void {
    const end = last && (flags & Flag.END_STREAM) !== 0;
    this.#content += bytes.length;
    if (last) {
      this.floods.onContent(this.#content, end);
      this.#content = 0;
    }
    if (id === 0) throw broken('DATA without a stream');
    this.#receiveWindow -= credit;
    if (this.#receiveWindow < 0) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the connection');
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) throw broken('DATA on a stream that has not begun');
      this.consumed(credit);
    } else if (stream.remoteDone) {
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'DATA behind the end of a stream');
    } else {
      stream.receive(bytes, credit, end);
    }
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    switch (type) {
      case FrameType.HEADERS:
        this.#blocks.headers(flags, id, bytes, start, end);
        return;
      case FrameType.CONTINUATION:
        this.#blocks.continuation(flags, bytes, start, end);
        return;
      case FrameType.PRIORITY:
        if (length !== 5) throw wrongSize('PRIORITY');
        this.floods.onPriority();
        return;
      case FrameType.RST_STREAM:
        if (length !== 4) throw wrongSize('RST_STREAM');
        this.#onReset(id, bytes.readUInt32BE(start));
        return;
      case FrameType.SETTINGS:
        this.#onSettings(flags, id, bytes, start, end);
        return;
      case FrameType.PUSH_PROMISE:
        throw broken('nobody has asked for pushes');
      case FrameType.PING:
        if (length !== 8) throw wrongSize('PING');
        if (id !== 0) throw broken('PING on a stream');
        if ((flags & Flag.ACK) !== 0) this.#keepalive?.onAnswer();
        else this.output.ping(bytes.subarray(start, end), true);
        return;
      case FrameType.GOAWAY:
        if (length < 8) throw wrongSize('GOAWAY');
        if (id !== 0) throw broken('GOAWAY on a stream');
        this.onGoaway(bytes.readUInt32BE(start) & MAX_STREAM_ID);
        return;
      case FrameType.WINDOW_UPDATE:
        if (length !== 4) throw wrongSize('WINDOW_UPDATE');
        this.#onWindowUpdate(id, bytes.readUInt32BE(start) & MAX_WINDOW);
        return;
      default:
      // Frames that nobody knows are passed over: RFC 9113, section 4.1.
    }
  }

  /** A stream with that id that this side, or the peer, has not begun yet. */
  protected abstract isIdle(id: number): boolean;
  /** A header block has come whole; `fields` hold it. */
  protected abstract onFields(id: number, end: boolean): void;
  protected abstract onGoaway(lastStream: number): void;
  /** The peer's limit of streams. */
  protected abstract onPeerStreams(most: number): void;
  /** Called once: the connection is gone, and all its streams know. */
  protected abstract onGone(): void;
  /** The peer has broken the protocol, or floods. */
  protected abstract onBroken(error: ConnectionError): void;
  protected abstract onStreamRemoved(): void;

  #onReset(id: number, code: number): void {
    if (id === 0 || this.isIdle(id)) throw broken('RST_STREAM without a stream');
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    this.options.stats.counters.rx_reset.value++;
    stream.end();
    stream.onReset(code, true);
  }

  #onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw broken('SETTINGS on a stream');
    if ((flags & Flag.ACK) !== 0) {
      if (end > start) throw wrongSize('SETTINGS');
      this.settingsKnown = true;
      return;
    }
    if ((end - start) % 6 !== 0) throw wrongSize('SETTINGS');
    for (const [setting, value] of settingsIn(bytes, start, end)) {
      checkSetting(setting, value);
      if (setting === Setting.HEADER_TABLE_SIZE) this.#encoder.tableSize = value;
      else if (setting === Setting.MAX_CONCURRENT_STREAMS) this.onPeerStreams(value);
      else if (setting === Setting.INITIAL_WINDOW_SIZE) this.#onInitialWindow(value);
    }
    this.output.settingsAck();
    this.onRoom();
  }

  #onInitialWindow(size: number): void {
    const more = size - this.#initialSendWindow;
    this.#initialSendWindow = size;
    for (const stream of this.streams.all()) {
      if (!stream.widen(more)) stream.fail(ErrorCode.FLOW_CONTROL_ERROR);
      else if (stream.hasQueued) this.#queued.add(stream);
    }
  }

  #onWindowUpdate(id: number, octets: number): void {
    this.floods.onWindowUpdate();
    if (octets === 0) throw broken('a window is widened by nothing');
    if (id === 0) {
      this.sendWindow += octets;
      if (this.sendWindow > MAX_WINDOW) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'too large a window');
      }
    } else {
      const stream = this.streams.get(id);
      if (stream === undefined) {
        if (this.isIdle(id)) throw broken('WINDOW_UPDATE without a stream');
        return;
      }
      if (!stream.widen(octets))
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'too large a window');
      if (stream.hasQueued) this.#queued.add(stream);
    }
    this.onRoom();
  }

  // === what streams ask for ===

  protected get initialSendWindow(): number {
    return this.#initialSendWindow;
  }

  protected add(stream: Http2Stream): void {
    this.streams.add(stream);
    this.floods.onStream();
    this.options.stats.streamsActive.value++;
  }

  remove(stream: Http2Stream): void {
    if (stream.removed) return;
    stream.removed = true;
    this.#queued.delete(stream);
    this.#awaiting.delete(stream);
    if (this.streams.delete(stream)) this.options.stats.streamsActive.value--;
    this.onStreamRemoved();
  }

  sendFields(id: number, pseudo: readonly string[], list: HeaderList | undefined, end: boolean): void {
    this.output.headers(id, headerBlock(this.#encoder, pseudo, list), end);
  }

  queue(stream: Http2Stream): void {
    this.#queued.add(stream);
    this.#sendQueued();
  }

  awaitRoom(stream: Http2Stream): void {
    this.#awaiting.add(stream);
  }

  consumed(octets: number): void {
    this.#taken += octets;
    if (this.#taken * 2 < this.options.initialConnectionWindow || this.gone) return;
    this.#receiveWindow += this.#taken;
    this.output.windowUpdate(0, this.#taken);
    this.#taken = 0;
  }

  countReset(): void {
    this.options.stats.counters.tx_reset.value++;
  }

  /** A frame of each stream in turns, for as long as there is room. */
  #sendQueued(): void {
    // What is added again while this goes on comes to its turn again.
    for (const stream of this.#queued) {
      if (this.sendWindow <= 0 || this.output.full) return;
      this.#queued.delete(stream);
      if (stream.sendQueued()) this.#queued.add(stream);
    }
  }

  onRoom(): void {
    this.#sendQueued();
    for (const stream of this.#awaiting) {
      if (this.output.full) return;
      if (stream.hasQueued) continue;
      this.#awaiting.delete(stream);
      stream.onWritable();
    }
  }

  // === the end ===

  /** Asks the peer whether it is still there when it was quiet for long. */
  protected wake(): void {
    this.#keepalive?.wake();
  }

  /** Ends without another word; what is written still leaves. `atOnce`: not only when the peer has left, or had its time. */
  protected finish(atOnce = true): void {
    this.output.flush();
    this.#leave();
    if (this.socket.destroyed) return;
    if (atOnce) this.socket.end();
    // The peer may still be reading: closing while its bytes come would take the last words away from it.
    this.#linger = setTimeout(() => this.socket.destroy(), LINGER).unref();
    this.socket.once('close', () => clearTimeout(this.#linger));
  }

  /** Ends at once. */
  abort(): void {
    this.#leave();
    this.socket.destroy();
  }

  onOverflow(): void {
    this.onBroken(new FloodError('outbound'));
    this.abort();
  }

  #fail(error: ConnectionError): void {
    this.onBroken(error);
    if (error instanceof FloodError) {
      this.abort();
      return;
    }
    this.output.goaway(this.lastPeerStream, error.code);
    this.finish(this.endsAtOnce);
  }

  /** Whether a peer that broke the protocol sees the end at once; else it is given its time to leave. */
  protected abstract get endsAtOnce(): boolean;

  /** The newest stream of the peer that this side has taken. */
  protected abstract get lastPeerStream(): number;

  #onEnd(): void {
    if (this.gone) this.socket.destroySoon();
    else this.finish();
  }

  #leave(): void {
    if (this.gone) return;
    this.gone = true;
    this.#reader.stopped = true;
    this.#keepalive?.stop();
    for (const stream of this.streams.all()) {
      stream.end();
      stream.onConnectionGone();
    }
    this.onGone();
  }
}

function broken(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, what);
}

function wrongSize(frame: string): ConnectionError {
  return new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${frame} of a wrong size`);
}
