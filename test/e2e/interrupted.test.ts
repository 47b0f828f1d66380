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

  /** Runs the program and kills it after so many milliseconds. Returns how long it took, or undefined when it was killed. */
  async function killed(args: readonly string[], after: number): Promise<number | undefined> {
    const began = performance.now();
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      env: { ...process.env, KUBECONFIG: cluster().kubeconfig },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const outcome = await Promise.race([ended, wait(after)]);
    child.kill('SIGKILL');
    await ended;
    return outcome === undefined ? undefined : performance.now() - began;
  }

  /** A run that is killed at random moments, before the end that the quickest one had so far. */
  class Interrupted {
    readonly #args: readonly string[];
    #quickest = 120_000;
    count = 0;

    constructor(args: readonly string[]) {
      this.#args = args;
    }

    /** Runs it to its end. */
    async measure(): Promise<void> {
      const took = await killed(this.#args, this.#quickest);
      expect(took).toBeDefined();
      this.#quickest = took ?? 0;
    }

    async again(): Promise<string> {
      const after = Math.random() * this.#quickest;
      const took = await killed(this.#args, after);
      if (took === undefined) this.count++;
      // The machine was busier before.
      else this.#quickest = Math.min(this.#quickest, took);
      return `${this.#args[0]} killed after ${Math.round(after)} ms`;
    }
  }

  test(`converges from ${2 * ROUNDS} random moments`, async () => {
    const [install, uninstall] = [new Interrupted(INSTALL), new Interrupted(UNINSTALL)];
    await install.measure();
    await uninstall.measure();
    for (let round = 0; round < ROUNDS; round++) {
      let moment = await install.again();
      expect(await mesh(INSTALL), moment).toMatchObject({ code: 0 });
      expect(await mesh(['verify-install']), moment).toMatchObject({ code: 0 });
      moment = await uninstall.again();
      expect(await mesh(UNINSTALL), moment).toMatchObject({ code: 0 });
      const left = cluster().kubectl(['get', KINDS, '-A', '-l', OWN, '-o', 'name']);
      expect([left.status, left.stdout], moment).toEqual([0, '']);
    }
    // Most of the moments were within a run, or this would show nothing.
    expect(install.count + uninstall.count).toBeGreaterThan(ROUNDS);
  });
});
