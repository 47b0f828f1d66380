import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Debouncer } from '../../../src/config/sources/debounce.ts';

let runs = 0;
let debouncer: Debouncer;

beforeEach(() => {
  vi.useFakeTimers();
  runs = 0;
  debouncer = new Debouncer({ quiet: 10, max: 35 }, () => (runs += 1));
});
afterEach(() => vi.useRealTimers());

test('runs once after events have paused', () => {
  debouncer.trigger();
  vi.advanceTimersByTime(9);
  debouncer.trigger();
  vi.advanceTimersByTime(9);
  expect(runs).toBe(0);
  vi.advanceTimersByTime(1);
  expect(runs).toBe(1);
  vi.advanceTimersByTime(100);
  expect(runs).toBe(1);
});

test('runs at the latest after the longest time, also while events go on', () => {
  for (let event = 0; event < 7; event++) {
    debouncer.trigger();
    vi.advanceTimersByTime(5);
  }
  expect(runs).toBe(1);
  vi.advanceTimersByTime(100);
  expect(runs).toBe(1);
});

test('does not run when it is cancelled', () => {
  debouncer.trigger();
  debouncer.cancel();
  vi.advanceTimersByTime(100);
  expect(runs).toBe(0);
});
