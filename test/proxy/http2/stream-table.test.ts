/** The table of streams beside a `Map`, which it stands in place of. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Numbered, StreamTable } from '../../../src/proxy/http2/stream-table.ts';

class Stream implements Numbered<Stream> {
  readonly id: number;
  nextInTable: Stream | undefined;

  constructor(id: number) {
    this.id = id;
  }
}

/** Few numbers, most of which share a place with others. */
const id = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((count) => count * 2 + 1),
  fc.integer({ min: 0, max: 40 }).map((count) => count * 32 + 1),
);
const steps = fc.array(fc.record({ what: fc.constantFrom('add', 'add', 'delete', 'get'), id }), {
  maxLength: 300,
});

describe('StreamTable', () => {
  it('holds what a Map would', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const table = new StreamTable<Stream>();
        const map = new Map<number, Stream>();
        for (const { what, id } of all) {
          const known = map.get(id);
          if (what === 'add' && known === undefined) {
            const stream = new Stream(id);
            table.add(stream);
            map.set(id, stream);
          } else if (what === 'delete' && known !== undefined) {
            expect(table.delete(known)).toBe(true);
            map.delete(id);
            expect(known.nextInTable).toBeUndefined();
          }
          expect(table.get(id)).toBe(map.get(id));
          expect(table.size).toBe(map.size);
        }
        expect(table.all()).toEqual([...map.values()].sort((one, other) => one.id - other.id));
      }),
    );
  });

  it('knows no other stream of the same number', () => {
    const table = new StreamTable<Stream>();
    table.add(new Stream(1));
    expect(table.delete(new Stream(1))).toBe(false);
    expect(table.delete(new Stream(33))).toBe(false);
    expect(table.size).toBe(1);
  });

  it('begins anew after many', () => {
    const table = new StreamTable<Stream>();
    const many = Array.from({ length: 1_000 }, (_, index) => new Stream(index * 2 + 1));
    for (const stream of many) table.add(stream);
    expect(many.every((stream) => table.get(stream.id) === stream)).toBe(true);
    for (const stream of many) table.delete(stream);
    expect(table.all()).toEqual([]);
    table.add(new Stream(2_001));
    expect(table.get(2_001)?.id).toBe(2_001);
  });
});
