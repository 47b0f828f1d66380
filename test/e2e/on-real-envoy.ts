/** Suites that need a real Envoy. */

import { describe, test } from 'vitest';
import { findEnvoy } from '../peers/envoy.ts';
import { inCi } from '../peers/tools.ts';

/** A suite that is given Envoy's program. Where there is none it is left out, and in continuous integration fails. */
export function describeOnRealEnvoy(title: string, suite: (program: string) => void): void {
  const program = findEnvoy();
  if (program !== undefined) {
    describe(title, { timeout: 120_000 }, () => suite(program));
    return;
  }
  const reason = `${title} (left out: no Envoy; see npm run peers)`;
  if (inCi()) {
    test(title, () => {
      throw new Error('There is no Envoy; npm run peers says why.');
    });
    return;
  }
  process.stderr.write(`${reason}\n`);
  describe.skip(reason, () => test('needs a real Envoy', () => undefined));
}
