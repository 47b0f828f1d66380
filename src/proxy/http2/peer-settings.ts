/** What a peer says of itself: RFC 9113, section 6.5, and RFC 8441, section 3. */

import { ConnectionError, ErrorCode } from './errors.ts';
import { MAX_FRAME_SIZE, MAX_WINDOW, Setting } from './frames.ts';

const LARGEST_FRAME_SIZE = 2 ** 24 - 1;

export function* settingsIn(
  bytes: Buffer,
  start: number,
  end: number,
): IterableIterator<readonly [id: number, value: number]> {
  for (let at = start; at < end; at += 6) yield [bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2)];
}

/** Throws a `ConnectionError` for a value that there is not. */
export function checkSetting(id: number, value: number): void {
  switch (id) {
    case Setting.ENABLE_PUSH:
    case Setting.ENABLE_CONNECT_PROTOCOL:
      if (value > 1) throw badValue(ErrorCode.PROTOCOL_ERROR);
      return;
    case Setting.INITIAL_WINDOW_SIZE:
      if (value > MAX_WINDOW) throw badValue(ErrorCode.FLOW_CONTROL_ERROR);
      return;
    case Setting.MAX_FRAME_SIZE:
      if (value < MAX_FRAME_SIZE || value > LARGEST_FRAME_SIZE) throw badValue(ErrorCode.PROTOCOL_ERROR);
      return;
    default:
    // Any other value will do, and settings that nobody knows are passed over.
  }
}

function badValue(code: number): ConnectionError {
  return new ConnectionError(code, 'a setting with a value that there is not');
}
