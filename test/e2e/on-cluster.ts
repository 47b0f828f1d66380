/** Tests against a whole Kubernetes control plane whose nodes kwok plays: a suite that starts one. */

import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../peers/cluster.ts';
import { findCluster, inCi } from '../peers/tools.ts';

/**
 * A suite whose tests share a cluster. Where the programs are missing it is left out, and its title says so; in
 * continuous integration it fails.
 */
export function describeOnCluster(
  title: string,
  suite: (cluster: () => Cluster) => void,
  options: ClusterOptions = {},
): void {
  const tools = findCluster();
  if ('missing' in tools) {
    const reason = `${title} (left out: no ${tools.missing}; see npm run peers)`;
    if (!inCi()) {
      process.stderr.write(`${reason}\n`);
      describe.skip(reason, () => test('needs a cluster', () => undefined));
      return;
    }
    test(title, () => {
      throw new Error(`There is no ${tools.missing}; npm run peers says why.`);
    });
    return;
  }
  describe(title, { timeout: 240_000 }, () => {
    let running: Cluster | undefined;
    beforeAll(async () => {
      running = await startCluster(tools, options);
    }, 120_000);
    afterAll(() => running?.stop(), 60_000);
    suite(() => {
      if (running === undefined) throw new Error('The cluster has not been started.');
      return running;
    });
  });
}
