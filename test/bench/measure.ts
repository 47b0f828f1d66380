/** Measures a command: median wall time over several runs, and peak memory. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Measurement {
  readonly label: string;
  /** Median wall time in milliseconds. */
  readonly milliseconds: number;
  /** Peak resident memory in MiB. */
  readonly mebibytes: number;
}

const memoryHook = new URL('report-memory.mjs', import.meta.url).href;
export const mesh = fileURLToPath(new URL('../../bin/mesh.js', import.meta.url));

/** Runs Node.js with the arguments `runs` times after one to warm caches. Ends the benchmark when it fails. */
export function measure(
  label: string,
  args: readonly string[],
  options: { runs: number; exitCodes?: readonly number[] },
): Measurement {
  const { runs, exitCodes = [0] } = options;
  const times: number[] = [];
  for (let run = -1; run < runs; run++) {
    const start = performance.now();
    const result = spawnSync(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    const elapsed = performance.now() - start;
    if (!exitCodes.includes(result.status ?? -1)) {
      throw new Error(`${label}: exit ${result.status}\n${result.stderr}`);
    }
    if (run >= 0) times.push(elapsed);
  }
  times.sort((a, b) => a - b);
  return { label, milliseconds: times[Math.floor(times.length / 2)] ?? 0, mebibytes: peakMemory(args) };
}

function peakMemory(args: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-bench-'));
  const file = join(folder, 'memory');
  try {
    spawnSync(process.execPath, ['--import', memoryHook, ...args], {
      stdio: 'ignore',
      env: { ...process.env, BENCH_MEMORY_FILE: file },
    });
    return Number(readFileSync(file, 'utf8')) / 1024;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
