/** `mesh experimental internal-debug`: the debug pages of the control plane. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import { CONTROL_PLANE_FLAGS } from '../../control-plane.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'internal-debug'],
  summary: 'Show a debug page of the control plane',
  description:
    'Asks the control plane for one of its debug pages, which docs/controller.md lists, and prints it as JSON. Of ' +
    'several processes the first that has the page answers; --all prints what each has to say, by its name.',
  examples: [
    { text: 'Which pages there are', command: 'mesh experimental internal-debug --list' },
    {
      text: 'What a proxy is served',
      command: "mesh experimental internal-debug 'config_dump?proxyID=web-5d8f.shop'",
    },
    { text: 'Of each process', command: 'mesh experimental internal-debug push_status --all' },
  ],
  args: [{ name: 'PAGE', description: 'Page below /debug, with its query', optional: true }],
  flags: {
    list: { type: 'boolean', short: 'L', settable: false, description: 'List the pages' },
    all: { type: 'boolean', settable: false, description: 'Ask each process of the control plane' },
    ...CONTROL_PLANE_FLAGS,
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for an answer',
    },
  },
  exitCodes: { 0: 'The page was shown', 1: 'The control plane cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const [page] = args;
  if ((page === undefined) === !flags.list) {
    throw new MeshError('MissingArgument', 'name a page, or use --list for those that there are');
  }
  const { showPage } = await import('../../show-page.ts');
  return showPage(flags.list ? '' : (page ?? ''), flags, context);
}
