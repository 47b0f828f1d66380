/** The process's own streams, environment and clock, in the shape that commands take. */

import { homedir } from 'node:os';
import { MeshError } from '../base/mesh-error.ts';
import type { Input, Io, Writer } from './context.ts';

/** To be made once, by the launcher. */
export function processIo(): Io {
  return {
    stdin: processInput(),
    stdout: processWriter(process.stdout),
    stderr: processWriter(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    homeDir: homedir(),
    now: Date.now,
    interrupted,
  };
}

/** The second signal ends the process whatever it does. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}

function processWriter(stream: NodeJS.WriteStream): Writer {
  let closed = false;
  let listening = false;
  return {
    isTTY: stream.isTTY === true,
    ...(stream.isTTY === true ? { stream } : {}),
    write(text) {
      if (!listening) {
        listening = true;
        // `mesh … | head` closes our output early; that is no fault worth a stack trace.
        stream.on('error', (error: NodeJS.ErrnoException) => {
          closed = true;
          if (error.code === 'EPIPE') return;
          process.exitCode = 1;
          if (stream !== process.stderr)
            process.stderr.write(`Error: cannot write output: ${error.message}\n`);
        });
      }
      if (!closed) stream.write(text);
    },
  };
}

function processInput(): Input {
  return {
    get isTTY() {
      return process.stdin.isTTY === true;
    },
    async bytes(limit) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of process.stdin) {
        const bytes = chunk as Uint8Array;
        size += bytes.byteLength;
        if (size > limit) {
          process.stdin.destroy();
          throw new MeshError('InputTooLarge', `standard input is larger than ${limit} bytes`, {
            hint: 'Split the input, or pass it as files.',
            where: { file: '-' },
          });
        }
        chunks.push(bytes);
      }
      return Buffer.concat(chunks);
    },
    async line() {
      const { createInterface } = await import('node:readline');
      const lines = createInterface({ input: process.stdin, terminal: false });
      try {
        for await (const line of lines) return line;
        return undefined;
      } finally {
        lines.close();
        // Else the process would wait for more.
        process.stdin.pause();
      }
    },
  };
}
