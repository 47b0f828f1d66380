import { describe, expect, test } from 'vitest';
import { Backoff } from '../../src/base/backoff.ts';

describe('pauses between attempts', () => {
  test('double up to a bound, and begin anew after something went well', () => {
    const backoff = new Backoff({ first: 100, max: 1000 }, () => 1);
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  test('differ between clients by up to half', () => {
    expect(new Backoff({ first: 100, max: 1000 }, () => 0).next()).toBe(50);
    expect(new Backoff({ first: 100, max: 1000 }, () => 0.5).next()).toBe(75);
  });

  test('stay within the bound after any number of attempts', () => {
    const backoff = new Backoff({ first: 100, max: 1000 }, () => 1);
    for (let attempt = 0; attempt < 2000; attempt++) backoff.next();
    expect(backoff.next()).toBe(1000);
  });
});
