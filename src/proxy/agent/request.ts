/** `mesh-proxy request`: a request to the administration of the proxy on this machine. */

import { MeshError } from '../../base/mesh-error.ts';
import { badFlag, flagHelp, parseFlags, type FlagSpecs } from '../flags.ts';
import { askHttp } from './admin.ts';

const SPECS = {
  'debug-port': {
    value: 'PORT',
    default: '15000',
    description: 'Port of the administration, or of the agent.',
  },
} as const satisfies FlagSpecs;

/** Prints the answer. Throws a `MeshError` when there is none, or one of a status from 400 on. */
export async function requestAdmin(argv: readonly string[]): Promise<void> {
  const flags = parseFlags(SPECS, argv);
  if (flags === undefined) {
    process.stdout.write(
      `mesh-proxy request asks the administration of the proxy on this machine.

Usage: mesh-proxy request GET|POST PATH [BODY] [flags]

Flags:
${flagHelp(SPECS)}
Examples:
  mesh-proxy request GET stats/prometheus
  mesh-proxy request POST drain --debug-port=15020
`,
    );
    return;
  }
  const [method = '', path, body, ...others] = flags.words;
  const verb = (['GET', 'POST'] as const).find((one) => one === method.toUpperCase());
  if (verb === undefined || path === undefined || others.length > 0) {
    throw new MeshError('BadUsage', 'a request is GET or POST, a path, and for POST perhaps a body', {
      hint: 'As in: mesh-proxy request GET stats/prometheus',
    });
  }
  const text = flags.text('debug-port') ?? '';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badFlag('debug-port', text, 'a port');
  const answer = await askHttp({ host: 'localhost', port }, path.startsWith('/') ? path : `/${path}`, {
    method: verb,
    timeout: 60_000,
    ...(body === undefined ? {} : { body }),
  });
  process.stdout.write(answer.body);
  if (answer.status >= 400) throw new MeshError('Refused', `the answer has status ${answer.status}`);
}
