import { describe, expect, it } from 'vitest';
import { HeldBody } from '../../../src/proxy/http/held-body.ts';

describe('a body that is held', () => {
  it('takes no more room than its bytes, however small its pieces are', () => {
    const held = new HeldBody();
    for (let turn = 0; turn < 20_000; turn++) held.push(Buffer.from([turn % 256]));
    expect(held.bytes).toBe(20_000);
    expect(held.pieces.length).toBe(2);
    const chunks: Buffer[] = [];
    for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) chunks.push(chunk);
    expect(chunks.length).toBe(2);
    expect(Buffer.concat(chunks).every((byte, index) => byte === index % 256)).toBe(true);
  });
});
