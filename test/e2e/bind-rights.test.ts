/** A port that the proxy has no right to: the same on Envoy and on the builtin engine. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Network } from '../peers/world/network.ts';
import { type JsonMap, NETWORK_FILTER, socketAddress, typed } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import { isLeftOutWithoutNetworks } from './needs-networks.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));
/** Below those that everybody may bind. */
const PORT = 80;

describeOnRealEnvoy('a port that needs a right', (program) => {
  if (isLeftOutWithoutNetworks('a port that needs a right')) return;

  test('ends the start without it', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-rights-'));
    const network = await Network.open({ addresses: [] });
    try {
      const file = join(folder, 'bootstrap.json');
      writeFileSync(file, JSON.stringify(bootstrap()));
      const start = async (argv: readonly string[]) => {
        const bare = ['setpriv', '--bounding-set=-net_bind_service', ...argv, '-c', file];
        const child = network.spawn(bare, { stdio: ['ignore', 'pipe', 'pipe'] });
        let text = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream?.setEncoding('utf8').on('data', (more: string) => (text += more));
        }
        const [code] = (await once(child, 'close')) as [number];
        return { code, words: /cannot bind '[^']+': [A-Z][a-z ]+/.exec(text)?.[0] };
      };
      const envoy = await start([program, '--use-dynamic-base-id', '-l', 'warning']);
      expect(envoy.words).toBe(`cannot bind '127.0.0.1:${PORT}': Permission denied`);
      expect(await start([process.execPath, LAUNCHER, '--engine', 'builtin'])).toEqual(envoy);
    } finally {
      await network.close();
      rmSync(folder, { recursive: true });
    }
  });
});

function bootstrap(): JsonMap {
  const response = { inline_string: 'x' };
  const say = typed(`${NETWORK_FILTER}.direct_response.v3.Config`, { response });
  const chain = { filters: [{ name: 'say', typed_config: say }] };
  return {
    static_resources: { listeners: [{ name: 's', address: socketAddress(PORT), filter_chains: [chain] }] },
  };
}
