/** Suites that ask a mesh with requests: once for each engine that handles connections. */

import { describe, test } from 'vitest';
import { findEnvoy } from '../peers/envoy.ts';
import { inCi } from '../peers/tools.ts';
import { networkProblem } from '../peers/world/network.ts';
import type { WorldEngine } from '../peers/world/world.ts';

const ENGINES: readonly WorldEngine['name'][] = ['envoy', 'builtin'];

/** A suite for each engine, or for those that have what it asks. Where something is missing it is left out, and in continuous integration fails. */
export function describeOnEachEngine(
  title: string,
  suite: (engine: WorldEngine) => void,
  engines: readonly WorldEngine['name'][] = ENGINES,
): void {
  for (const name of engines) {
    const program = name === 'envoy' ? findEnvoy() : undefined;
    const missing = name === 'envoy' && program === undefined ? 'Envoy; see npm run peers' : networkProblem();
    const full = `${title}, on ${name}`;
    if (missing === undefined) {
      describe(full, { timeout: 120_000 }, () =>
        suite({ name, ...(program === undefined ? {} : { program }) }),
      );
    } else if (inCi()) {
      test(full, () => {
        throw new Error(`There is no ${missing}.`);
      });
    } else {
      process.stderr.write(`${full} (left out: no ${missing})\n`);
      describe.skip(`${full} (left out: no ${missing})`, () => test('needs it', () => undefined));
    }
  }
}
