/**
 * What `npm run bench:proxy` compares with and measures by: nginx, HAProxy and wrk of the distribution, unpacked into
 * the cache and not installed, so that no service starts and no root is needed.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './tools.ts';

/** Debian's packages: the programs and the libraries that a plain system does not have. */
const PACKAGES = [
  'nginx',
  'haproxy',
  'wrk',
  'libluajit-5.1-2',
  'liblua5.3-0',
  'libopentracing-c-wrapper0',
  'libopentracing1',
  'nghttp2-client',
  'libnghttp2-14',
  'libev4',
  'libjansson4',
  'libc-ares2',
  'libjemalloc2',
];

export interface BenchTools {
  readonly nginx: string;
  readonly haproxy: string;
  readonly wrk: string;
  readonly h2load: string;
  /** For programs that need the unpacked libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/** The programs, fetched when they are not there yet. Throws an `Error` that says what is missing. */
export function benchTools(): BenchTools {
  // Another list has another folder.
  const state = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), `bench-${process.platform}-${process.arch}-${state}`);
  if (!existsSync(folder)) fetchInto(folder);
  const libraries = join(
    folder,
    'usr',
    'lib',
    process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu',
  );
  return {
    nginx: join(folder, 'usr/sbin/nginx'),
    haproxy: join(folder, 'usr/sbin/haproxy'),
    wrk: join(folder, 'usr/bin/wrk'),
    h2load: join(folder, 'usr/bin/h2load'),
    env: { LD_LIBRARY_PATH: libraries },
  };
}

function fetchInto(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.new-`);
  try {
    const download = () =>
      spawnSync('apt-get', ['download', ...PACKAGES], { cwd: work, stdio: 'ignore' }).status === 0;
    if (!download()) {
      spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
      if (!download())
        throw new Error(`apt-get download fails for ${PACKAGES.join(', ')}: the benchmark needs them`);
    }
    for (const archive of readdirSync(work).filter((file) => file.endsWith('.deb'))) {
      const unpacked = spawnSync('dpkg-deb', ['-x', archive, '.'], { cwd: work, stdio: 'inherit' });
      if (unpacked.status !== 0) throw new Error(`${archive} cannot be unpacked`);
      rmSync(join(work, archive));
    }
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
