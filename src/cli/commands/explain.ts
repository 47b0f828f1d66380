/** `mesh explain`: what may stand in a kind or a field, offline. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';

export const metadata = {
  path: ['explain'],
  summary: 'Explain a kind or one of its fields',
  description:
    'Explains a kind, or the field that a path leads to: its type, its meaning and the fields in it. Needs no ' +
    'cluster. Lists and maps count as what they hold, so indexes in the path count for nothing.',
  examples: [
    { text: 'A kind', command: 'mesh explain VirtualService' },
    { text: 'A field', command: 'mesh explain vs.spec.http.retries' },
    { text: 'All fields of a kind, as a tree', command: 'mesh explain DestinationRule --recursive' },
    {
      text: 'A kind whose name two groups share',
      command: 'mesh explain gateway.networking.istio.io.spec.servers',
    },
    {
      text: 'An older version',
      command: 'mesh explain TrafficSplit --api-version split.smi-spec.io/v1alpha1',
    },
  ],
  args: [
    {
      name: 'KIND[.FIELD...]',
      description: 'Kind, plural or short name, and the path of a field',
      complete: 'kind-paths',
    },
  ],
  flags: {
    recursive: { type: 'boolean', settable: false, description: 'Show all fields below, as a tree' },
    'api-version': {
      type: 'string',
      value: 'VERSION',
      settable: false,
      description: 'Version to explain, with its group or without',
    },
  },
  exitCodes: { 0: 'The explanation was shown', 2: 'There is no such kind, field or version' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags>,
  { stdout }: Context,
): Promise<number> {
  const [{ parseKindPath }, { readSchema }, { explain, formatExplanation }] = await Promise.all([
    import('../kind-words.ts'),
    import('../schema-store.ts'),
    import('../../api/explain.ts'),
  ]);
  const { info, version, path } = parseKindPath(args[0] ?? '', flags['api-version']);
  const explanation = explain(await readSchema(info), path, { version, recursive: flags.recursive });
  stdout.write(formatExplanation(explanation));
  return 0;
}
