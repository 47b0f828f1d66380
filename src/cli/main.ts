/** The command line from end to end: finds the command, loads it alone, parses, runs, and explains errors. */

import { MeshError } from '../base/mesh-error.ts';
import type { CommandModule } from './command.ts';
import { wantsColour, type Context, type Io } from './context.ts';
import { formatError } from './error-text.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { COMMANDS, GROUPS } from './generated/commands.ts';
import { allFlags } from './global-flags.ts';
import { parseInvocation } from './parser.ts';
import { processIo } from './process-io.ts';
import { resolveCommand } from './resolve.ts';
import { loadSettings, NO_SETTINGS } from './settings.ts';

/** Runs one command line (without the program's name). Returns the exit code; never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    const verbose = argv.includes('--verbose') || /^(1|t|true)$/i.test(io.env.MESH_VERBOSE ?? '');
    io.stderr.write(formatError(error, verbose));
    return error instanceof MeshError ? exitCodeOf(error.code) : EXIT.failed;
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const resolved = resolveCommand(argv, COMMANDS, GROUPS);
  if (resolved.kind === 'group') return runGroup(resolved.path, resolved.rest, io);
  const module = await resolved.entry.load();
  return runCommand(module, resolved.rest, io);
}

async function runCommand(module: CommandModule, words: readonly string[], io: Io): Promise<number> {
  const { metadata } = module;
  const specs = allFlags(metadata.flags);
  const settings = await loadSettings(io);
  const invocation = parseInvocation(metadata, specs, words, settings);
  if (invocation.flags.help === true) {
    const { commandHelp } = await import('./help.ts');
    io.stdout.write(commandHelp(metadata));
    return EXIT.ok;
  }
  const context: Context = {
    ...io,
    settings,
    colour: wantsColour(String(invocation.flags.color), io.env, io.stdout),
    verbose: invocation.flags.verbose === true,
  };
  return module.run(invocation, context);
}

/** A word that only leads to other commands shows them, and so does `mesh` alone. */
async function runGroup(path: readonly string[], words: readonly string[], io: Io): Promise<number> {
  parseInvocation({ path, args: [] }, allFlags({}), words, NO_SETTINGS);
  const { groupHelp } = await import('./help.ts');
  io.stdout.write(groupHelp(path, COMMANDS, GROUPS));
  return EXIT.ok;
}

/** For the launcher: runs on the process's own streams and leaves the exit code to it. */
export async function start(argv: readonly string[]): Promise<void> {
  process.exitCode = await main(argv, processIo());
  // Nobody who types waits for what a cluster was asked in vain: an address, or credentials from another program.
  if (argv[0] === '__complete') process.stdout.write('', () => process.exit());
}
