/** What `mesh route` does: reads files or a cluster, asks, and shows the answer. */

import { MeshError } from '../../base/mesh-error.ts';
import type { RouteInvocation } from '../commands/route.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { answerText } from './answer-text.ts';
import { loadMesh } from './load-mesh.ts';

export async function routeFiles(
  paths: readonly string[],
  { flags }: RouteInvocation,
  context: Context,
  withCluster: boolean,
): Promise<number> {
  if (flags.gateway !== undefined && flags.from !== undefined) {
    throw new MeshError('BadFlagValue', '--gateway and --from are two ways of saying who is asked', {
      hint: 'Keep one of them.',
    });
  }
  const headers = flags.header.map(parseHeader);
  const { mesh } = await loadMesh(paths, flags, withCluster, context);
  const answer = mesh.ask({ ...flags, host: flags.host ?? '', headers });
  if (flags.output === 'json') context.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  else if (flags.output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    context.stdout.write(toYaml(answer));
  } else context.stdout.write(answerText(answer));
  return answer.routed ? EXIT.ok : EXIT.failed;
}

/** `name=value`, or `name: value` as curl has it. */
function parseHeader(text: string): readonly [string, string] {
  const found = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=|:[ \t]*)(.*)$/s.exec(text);
  const [, name = '', value = ''] = found ?? [];
  if (found !== null) return [name, value];
  throw new MeshError('BadFlagValue', `"${text}" is no header`, { hint: 'Write --header name=value.' });
}
