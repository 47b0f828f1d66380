/** Install and uninstall are killed at random moments, and run again: both end as if nothing had happened. */

import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { describeOnCluster } from './on-cluster.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh.js', import.meta.url));

/** Ten of each: twenty moments. */
const ROUNDS = 10;

const INSTALL = ['install', '-y', '--set', 'values.base.enableIstioConfigCRDs=false'];
const UNINSTALL = ['uninstall', '-y', '--purge'];

const OWN = 'app.kubernetes.io/managed-by=lateen';
const KINDS =
  'deployments,services,serviceaccounts,configmaps,roles,rolebindings,horizontalpodautoscalers,' +
  'poddisruptionbudgets,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,' +
  'validatingwebhookconfigurations,pods';

describeOnCluster('an installation that is interrupted', (cluster) => {
  const mesh = (args: readonly string[]) => runMesh(args, { env: { KUBECONFIG: cluster().kubeconfig } });

  /** Runs the program and kills it after so many milliseconds. Returns whether it was still running. */
  async function killed(args: readonly string[], after: number): Promise<boolean> {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      env: { ...process.env, KUBECONFIG: cluster().kubeconfig },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const outcome = await Promise.race([ended, wait(after)]);
    child.kill('SIGKILL');
    await ended;
    return outcome === undefined;
  }

  async function duration(args: readonly string[]): Promise<number> {
    const began = performance.now();
    expect(await killed(args, 120_000)).toBe(false);
    return performance.now() - began;
  }

  test(`converges from ${2 * ROUNDS} random moments`, async () => {
    const times = { install: await duration(INSTALL), uninstall: await duration(UNINSTALL) };
    let interrupted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [first, second] = [Math.random() * times.install, Math.random() * times.uninstall];
      const moment = `killed after ${Math.round(first)} and ${Math.round(second)} ms`;
      if (await killed(INSTALL, first)) interrupted++;
      expect(await mesh(INSTALL), moment).toMatchObject({ code: 0 });
      expect(await mesh(['verify-install']), moment).toMatchObject({ code: 0 });
      if (await killed(UNINSTALL, second)) interrupted++;
      expect(await mesh(UNINSTALL), moment).toMatchObject({ code: 0 });
      const left = cluster().kubectl(['get', KINDS, '-A', '-l', OWN, '-o', 'name']);
      expect([left.status, left.stdout], moment).toEqual([0, '']);
    }
    // Most of the moments were within a run, or this would show nothing.
    expect(interrupted).toBeGreaterThan(ROUNDS);
  });
});
