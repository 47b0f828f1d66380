/** Clients and endpoints that vanish without a word: with Envoy and with the builtin engine the same becomes of it, and nothing stays. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Network, findIptables, networkProblem } from '../peers/world/network.ts';
import { inCi } from '../peers/tools.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const INSIDE = fileURLToPath(new URL('vanishing/inside.ts', import.meta.url));
const missing = networkProblem();

describeOnRealEnvoy('peers that vanish', (program) => {
  if (missing !== undefined) {
    const reason = `needs ${missing}`;
    if (inCi()) test(reason, () => expect.fail(`There is no ${missing}.`));
    else test.skip(reason, () => undefined);
    return;
  }

  test('in the middle of everything', { timeout: 90_000 }, async () => {
    const network = await Network.open({ addresses: [] });
    try {
      const child = network.spawn([process.execPath, INSIDE, program, findIptables() ?? ''], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (more: string) => (text += more));
      await once(child, 'close');
      const rows = JSON.parse(text) as readonly (readonly [string, readonly [unknown, unknown]])[];
      expect(rows.length).toBeGreaterThanOrEqual(9);
      for (const [name, [envoy, builtin]] of rows) expect(builtin, name).toEqual(envoy);
    } finally {
      await network.close();
    }
  });
});
