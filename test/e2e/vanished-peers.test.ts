/** Clients and endpoints that vanish without a word: with Envoy and with the builtin engine the same becomes of it, and nothing stays. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Network, findIptables } from '../peers/world/network.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import { isLeftOutWithoutNetworks } from './needs-networks.ts';

const INSIDE = fileURLToPath(new URL('vanishing/inside.ts', import.meta.url));

describeOnRealEnvoy('peers that vanish', (program) => {
  if (isLeftOutWithoutNetworks('peers that vanish')) return;

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
