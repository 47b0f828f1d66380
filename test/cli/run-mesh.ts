/** Runs a command line in process, on made-up streams. */

import { MeshError } from '../../src/base/mesh-error.ts';
import type { Io, Writer } from '../../src/cli/context.ts';
import { main } from '../../src/cli/main.ts';

export interface MeshRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly homeDir?: string;
  readonly isTTY?: boolean;
  /** What the clock says, call by call; the last value stays. */
  readonly times?: readonly number[];
  /** Ends commands that run until Ctrl-C. */
  readonly interrupt?: AbortSignal;
}

/** A folder that has no `.mesh`, so that the settings of whoever runs the tests play no part. */
export const NO_HOME = new URL('no-such-folder', import.meta.url).pathname;

export class Capture implements Writer {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

export async function runMesh(argv: readonly string[], options: RunOptions = {}): Promise<MeshRun> {
  const stdout = new Capture(options.isTTY);
  const stderr = new Capture(options.isTTY);
  const times = [...(options.times ?? [Date.UTC(2026, 0, 1)])];
  const lines = options.stdin === undefined ? [] : options.stdin.split('\n');
  const io: Io = {
    stdin: {
      isTTY: options.isTTY === true,
      async bytes(limit) {
        const bytes = new TextEncoder().encode(options.stdin ?? '');
        if (bytes.length > limit) throw new MeshError('InputTooLarge', 'standard input is too large');
        return bytes;
      },
      line: async () => lines.shift(),
    },
    stdout,
    stderr,
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    homeDir: options.homeDir ?? NO_HOME,
    interrupted: () => options.interrupt ?? new AbortController().signal,
    now: () => (times.length > 1 ? times.shift() : times[0]) ?? 0,
  };
  const code = await main(argv, io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}
