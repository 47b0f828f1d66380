import { expect, test } from 'vitest';
import { newRequestId } from '../../../src/proxy/http/request-id.ts';

test('identifiers are random UUIDs of version 4, no two the same', () => {
  const ids = Array.from({ length: 1_000 }, newRequestId);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  // Each digit is any of them somewhere.
  for (const place of [0, 7, 9, 15, 21, 35]) {
    expect(new Set(ids.map((id) => id.charAt(place))).size).toBe(16);
  }
});
