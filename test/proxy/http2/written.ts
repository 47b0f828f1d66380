/** What a connection of the codec under test writes, on a socket without a network. */

import type { FakeSocket } from '../http1/fake-socket.ts';
import {
  DATA,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PING,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  framesIn,
} from './wire.ts';

const CODES = ['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', '', 'STREAM_CLOSED'];
const code = (payload: Buffer, at: number): string => CODES[payload.readUInt32BE(at)] ?? '?';

/** What has been written since the last look, a word for each frame. */
export class Written {
  readonly #socket: FakeSocket;
  #seen = 0;

  constructor(socket: FakeSocket) {
    this.#socket = socket;
  }

  /** Hands bytes to the connection and tells what it writes then. */
  async receive(...bytes: Buffer[]): Promise<string[]> {
    this.#socket.receive(Buffer.concat(bytes));
    return this.take();
  }

  async take(): Promise<string[]> {
    // What was held is handed on in the next tick.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    let bytes = this.#socket.output.subarray(this.#seen);
    this.#seen += bytes.length;
    if (bytes.subarray(0, PREFACE.length).equals(PREFACE)) bytes = bytes.subarray(PREFACE.length);
    return framesIn(bytes).map(({ type, flags, stream, payload }) => {
      const end = (flags & END_STREAM) !== 0;
      switch (type) {
        case DATA:
          return `data ${stream} ${payload.length}${end ? ' end' : ''}`;
        case HEADERS:
          return `headers ${stream}${end ? ' end' : ''}`;
        case RST_STREAM:
          return `reset ${stream} ${code(payload, 0)}`;
        case SETTINGS:
          return end ? 'settings ack' : 'settings';
        case PING:
          return end ? 'ping ack' : 'ping';
        case GOAWAY:
          return `goaway ${payload.readUInt32BE(0)} ${code(payload, 4)}`;
        case WINDOW_UPDATE:
          return `window ${stream} ${payload.readUInt32BE(0)}`;
        default:
          return `type ${type}`;
      }
    });
  }
}
