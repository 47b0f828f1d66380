/** Time that goes by on the clock of a test. */

import { vi } from 'vitest';

/** Lets so many milliseconds go by, and the turn in which sockets are read before what was waited for is given up. */
export async function pass(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds);
  await new Promise((resolve) => setImmediate(resolve));
}
