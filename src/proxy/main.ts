/** The proxy as a program: which of its commands is meant, signals, exit code. */

import { errorText, MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { packageVersion } from '../base/package-version.ts';

/** Codes of errors in how the program was called. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'BadUsage',
  'BadSetting',
  'MissingSetting',
  'NotAvailable',
]);

const HELP = `mesh-proxy is the data plane: the proxy beside an application, or of a gateway.

Usage:
  mesh-proxy sidecar [flags]                      the agent and the proxy of one workload
  mesh-proxy router [flags]                       the agent and the proxy of a gateway
  mesh-proxy --engine builtin -c FILE             the builtin proxy alone, from an Envoy bootstrap
  mesh-proxy wait [flags]                         waits until the proxy of this machine is ready
  mesh-proxy request METHOD PATH [BODY] [flags]   asks the administration of the proxy of this machine

"mesh-proxy COMMAND --help" shows the flags of each. As Istio's pilot-agent it also takes "proxy sidecar" and
"proxy router".
`;

type Command = (argv: readonly string[]) => Promise<void>;

/** Each is loaded when it is asked for: the agent needs nothing of the builtin proxy, nor the other way. */
const COMMANDS: Readonly<Record<string, Command>> = {
  sidecar: async (argv) => (await import('./agent/run.ts')).runAgent('sidecar', argv),
  router: async (argv) => (await import('./agent/run.ts')).runAgent('router', argv),
  wait: async (argv) => (await import('./agent/wait.ts')).waitUntilReady(argv),
  request: async (argv) => (await import('./agent/request.ts')).requestAdmin(argv),
};

/** Runs until the command is done or a signal ends it. The exit code: 0 fine, 1 a failure, 2 bad usage. */
export async function start(argv: readonly string[]): Promise<void> {
  try {
    await run(argv);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    process.stderr.write(errorText(error));
    process.exitCode = USAGE_CODES.has(error.code) ? 2 : 1;
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const words = argv[0] === 'proxy' ? argv.slice(1) : argv;
  const [name, ...rest] = words;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return;
  }
  if (name.startsWith('-')) return runEngine(words);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw unknownCommand(name);
  await command(rest);
}

/** The builtin proxy without the agent: what the agent itself starts. */
async function runEngine(argv: readonly string[]): Promise<void> {
  return (await import('./run-builtin.ts')).runBuiltin(argv, packageVersion());
}

function unknownCommand(name: string): MeshError {
  const near = nearestName(name, Object.keys(COMMANDS));
  const help = 'Run "mesh-proxy --help" for the commands.';
  return new MeshError('BadUsage', `there is no command ${JSON.stringify(name)}`, {
    hint: near === undefined ? help : `Did you mean ${near}? ${help}`,
  });
}
