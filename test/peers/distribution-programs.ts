/**
 * Programs of the distribution that come with libraries, and work only where they are installed: what networks of a
 * test's own need of the machine, and a browser without a window.
 */

import { spawnSync } from 'node:child_process';

const PACKAGE_OF: Readonly<Record<string, string>> = {
  iptables: 'iptables',
  ip: 'iproute2',
  openssl: 'openssl',
  'chromium-headless-shell': 'chromium-headless-shell',
};

/**
 * Installs what is missing, which takes root and Debian's apt-get. Returns why something is missing still; undefined
 * when all is there, or nobody is root.
 */
export function installDistributionPrograms(say: (text: string) => void): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const wanted = missing().map((program) => PACKAGE_OF[program] ?? program);
  if (wanted.length === 0) return undefined;
  say(`Installing ${wanted.join(', ')} from the distribution …`);
  const apt = (...args: readonly string[]): void => {
    spawnSync('apt-get', args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  apt('update', '-qq');
  // One by one: some distributions have no such browser, and that must keep nothing else out.
  for (const name of wanted) apt('install', '-y', '-qq', '--no-install-recommends', name);
  const left = missing();
  return left.length === 0
    ? undefined
    : `${left.join(', ')} cannot be installed from the distribution: see what \`apt-get install\` says of ${left.map((program) => PACKAGE_OF[program] ?? program).join(', ')}.`;
}

function missing(): readonly string[] {
  const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  return Object.keys(PACKAGE_OF).filter((program) => {
    const found = spawnSync('sh', ['-c', `command -v ${program}`], {
      stdio: 'ignore',
      env: { ...process.env, PATH },
    });
    return found.status !== 0;
  });
}
