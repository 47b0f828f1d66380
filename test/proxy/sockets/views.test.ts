import { expect, test } from 'vitest';
import { Views } from '../../../src/proxy/sockets/views.ts';

test('views show the beginning of the buffer, and are used again for as many bytes', () => {
  const views = new Views(Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index)));
  for (const count of [1, 65, 129, 65, 1, 256, 0]) {
    const view = views.first(count);
    expect(view).toHaveLength(count);
    expect(view.equals(views.bytes.subarray(0, count))).toBe(true);
    expect(views.first(count)).toBe(view);
  }
});
