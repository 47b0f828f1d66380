/** Timeouts of requests. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline, deadlinesOf } from '../../../src/proxy/http/deadlines.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('one that is longer than a timer can wait is not over at once', () => {
  const over: Deadline[] = [];
  const deadline = new Deadline({ onDeadline: (one) => over.push(one) });
  // As `grpc-timeout: 99999999H` asks for.
  deadlinesOf(99_999_999 * 3_600_000).start(deadline, performance.now());
  vi.advanceTimersByTime(30 * 86_400_000);
  expect(over).toEqual([]);
  deadline.cancel();
});
