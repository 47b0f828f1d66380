import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bag, type Place } from '../../src/base/bag.ts';

test('a bag holds what a set would', () => {
  const step = fc.record({ what: fc.constantFrom('add', 'add', 'delete', 'take'), which: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const bag = new Bag<number>();
      const set = new Set<number>();
      const places: Place[] = [];
      for (const [index, { what, which }] of steps.entries()) {
        if (what === 'add') {
          places.push(bag.add(places.length));
          set.add(places.length - 1);
        } else if (what === 'delete') {
          const place = places[which];
          if (place !== undefined) expect(bag.delete(place), `step ${index}`).toBe(set.delete(which));
        } else {
          const taken = bag.take();
          expect(taken === undefined ? set.size === 0 : set.delete(taken)).toBe(true);
        }
        expect(bag.size).toBe(set.size);
      }
      expect([...bag.all()].sort((one, other) => one - other)).toEqual([...set]);
    }),
  );
});
