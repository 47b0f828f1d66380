import { expect, test } from 'vitest';
import { networkProblem } from '../peers/world/network.ts';
import { inCi } from '../peers/tools.ts';

/**
 * Whether a suite is left out, since no network namespaces can be made here: said on stderr; in continuous integration
 * it fails.
 */
export function isLeftOutWithoutNetworks(title: string): boolean {
  const missing = networkProblem();
  if (missing === undefined) return false;
  const reason = `needs ${missing}`;
  if (inCi()) {
    test(reason, () => expect.fail(`There is no ${missing}.`));
  } else {
    process.stderr.write(`${title} (left out: no ${missing})\n`);
    test.skip(reason, () => undefined);
  }
  return true;
}
