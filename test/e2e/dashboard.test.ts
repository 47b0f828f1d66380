/** `mesh dashboard` as a process: a real Prometheus behind a port-forward through a real API server. */

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { ask, eventually } from '../peers/run-envoy.ts';
import { findBrowser, findPrometheus, inCi } from '../peers/tools.ts';
import { describeOnCluster } from './on-cluster.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh.js', import.meta.url));

const [prometheusPort = 0] = await freePorts(1);

const KWOK = JSON.stringify({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'ClusterPortForward',
  metadata: { name: 'prometheus' },
  spec: {
    selector: { matchNamespaces: ['istio-system'] },
    forwards: [{ ports: [9090], target: { address: '127.0.0.1', port: prometheusPort } }],
  },
});

const LABELS = { 'app.kubernetes.io/name': 'prometheus' };

const DEPLOYMENT = JSON.stringify({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'istio-system', name: 'prometheus' },
  spec: {
    replicas: 1,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'example.com/prometheus:1' }],
      },
    },
  },
});

class Running {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  stdout = '';
  stderr = '';

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [LAUNCHER, ...argv], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (part: string) => (this.stdout += part));
    this.#child.stderr?.setEncoding('utf8').on('data', (part: string) => (this.stderr += part));
    // What it said last may come after it has ended.
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => resolve(code ?? signal)),
    );
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The port of the URL on standard output. */
  async port(): Promise<number> {
    await eventually(
      async () => this.stdout,
      (text) => {
        if (!this.isRunning) throw new Error(this.stderr);
        return text.includes('\n');
      },
    );
    return Number(/:(\d+)\//.exec(this.stdout)?.[1]);
  }
}

/** Debian's Prometheus looks for its pages where they are when it is installed, and not only unpacked. */
function assets(program: string): readonly string[] {
  const folder = join(dirname(program), '..', 'share', 'prometheus', 'web');
  return existsSync(folder) ? [`--web.local-assets=${folder}/`] : [];
}

describeOnCluster(
  'mesh dashboard, on a cluster',
  (cluster) => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-dashboard-'));
    const running: Running[] = [];
    let prometheus: ChildProcess | undefined;

    const dashboard = (...argv: readonly string[]): Running => {
      const one = new Running(['dashboard', 'prometheus', ...argv], {
        KUBECONFIG: cluster().kubeconfig,
        HOME: folder,
        PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
      });
      running.push(one);
      return one;
    };
    /** What opens a URL: `$1`. */
    const browserIs = (script: string): void => {
      writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, 'xdg-open'), 0o755);
    };
    const kubectl = (...argv: readonly string[]): string => {
      const { status, stdout, stderr } = cluster().kubectl(['-n', 'istio-system', ...argv]);
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    const podName = (): string =>
      kubectl('get', 'pods', '-l', 'app.kubernetes.io/name=prometheus', '-o', 'name').trim();

    beforeAll(async () => {
      const program = findPrometheus();
      if (program === undefined) throw new Error('There is no Prometheus; npm run peers fetches it.');
      writeFileSync(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
      prometheus = spawn(
        program,
        [
          `--config.file=${join(folder, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${prometheusPort}`,
          ...assets(program),
        ],
        { stdio: 'ignore' },
      );
      await eventually(
        () => ask(prometheusPort, '/-/ready'),
        ({ status }) => status === 200,
      );
      cluster().kubectl(['create', 'namespace', 'istio-system']);
      await eventually(
        async () => cluster().kubectl(['apply', '-f', '-'], DEPLOYMENT),
        ({ status }) => status === 0,
      );
      kubectl('rollout', 'status', 'deployment/prometheus', '--timeout=60s');
    }, 180_000);

    afterEach(() => {
      for (const one of running.splice(0)) one.kill('SIGKILL');
    });

    afterAll(async () => {
      if (prometheus?.exitCode === null) {
        const ended = new Promise((resolve) => prometheus?.once('exit', resolve));
        prometheus.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    });

    test('a real Prometheus answers at the URL, which a browser is told to open', async () => {
      const opened = join(folder, 'opened');
      browserIs(`printf %s "$1" >'${opened}'`);
      const shown = dashboard();
      const port = await shown.port();
      expect(shown.stdout).toBe(`http://localhost:${port}/\n`);
      expect((await ask(port, '/-/ready')).text).toMatch(/Prometheus Server is Ready/);
      const answer = await ask(port, '/api/v1/query?query=vector(42)');
      expect(JSON.parse(answer.text)).toMatchObject({ status: 'success' });
      await eventually(
        async () => existsSync(opened) && readFileSync(opened, 'utf8'),
        (text) => text === `http://localhost:${port}/`,
      );
      shown.kill('SIGINT');
      expect(await shown.ended).toBe(0);
      await expect(ask(port, '/')).rejects.toThrow(/ECONNREFUSED/);
    });

    const browser = findBrowser();
    test.skipIf(browser === undefined && !inCi())(
      'Chromium opens the page of a real Prometheus (npm run peers installs Chromium)',
      async () => {
        const page = join(folder, 'page.html');
        const flags = `--headless --no-sandbox --disable-gpu --user-data-dir='${folder}/browser'`;
        // As a whole, or not at all.
        browserIs(`'${browser}' ${flags} --dump-dom "$1" >'${page}.part' && mv '${page}.part' '${page}'`);
        const shown = dashboard();
        await shown.port();
        const html = await eventually(
          async () => existsSync(page) && readFileSync(page, 'utf8'),
          (text) => text !== false,
        );
        expect(html).toMatch(/<title>Prometheus [^<]*<\/title>/);
        shown.kill('SIGINT');
        expect(await shown.ended).toBe(0);
        expect(shown.stderr).not.toContain('Failed to open browser');
      },
    );

    test('a port that is taken is an error, and the next free one is taken when none is asked for', async () => {
      const first = dashboard('--browser=false', '--port', '0');
      const port = await first.port();
      const second = dashboard('--browser=false', '--port', String(port));
      expect(await second.ended).toBe(1);
      expect(second.stderr).toMatch(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}`));
      expect(second.stdout).toBe('');
    });

    test('when the pod goes, another takes its place; when there is none, the end is 1', async () => {
      const shown = dashboard('--browser=false', '--port', '0', '--reconnect-timeout', '60s');
      const port = await shown.port();
      const before = podName();
      kubectl('delete', before, '--wait=false');
      await eventually(
        async () => shown.stderr,
        (text) => /connections go to the pod prometheus-/.test(text),
      );
      expect(podName()).not.toBe(before);
      await eventually(
        () => ask(port, '/-/ready'),
        ({ status }) => status === 200,
      );
      const impatient = dashboard('--browser=false', '--port', '0', '--reconnect-timeout', '1s');
      await impatient.port();
      kubectl('scale', 'deployment/prometheus', '--replicas=0');
      expect(await impatient.ended).toBe(1);
      expect(impatient.stderr).toMatch(/has gone, and no other took its place/);
      kubectl('wait', 'pods', '--all', '--for=delete', '--timeout=60s');
      const none = dashboard('--browser=false');
      expect(await none.ended).toBe(1);
      expect(none.stderr).toMatch(/no pods found with selector app\.kubernetes\.io\/name=prometheus/);
      kubectl('scale', 'deployment/prometheus', '--replicas=1');
      kubectl('rollout', 'status', 'deployment/prometheus', '--timeout=60s');
    });

    test('Ctrl-C ends it at any moment, also while a connection is open, and no port stays open', async () => {
      for (let delay = 0; delay < 500; delay += 60) {
        const shown = dashboard('--browser=false', '--port', '0');
        await wait(delay);
        const port = Number(/:(\d+)\//.exec(shown.stdout)?.[1] ?? 0);
        const client = port === 0 ? undefined : connect(port, '127.0.0.1');
        client?.on('error', () => undefined);
        shown.kill('SIGINT');
        const late = setTimeout(() => shown.kill('SIGKILL'), 10_000);
        // Before Node.js has started, nobody is there to hear it.
        expect([0, 'SIGINT']).toContain(await shown.ended);
        clearTimeout(late);
        client?.destroy();
        if (port !== 0) await expect(ask(port, '/')).rejects.toThrow(/ECONNREFUSED/);
      }
    });
  },
  { kwok: KWOK },
);
