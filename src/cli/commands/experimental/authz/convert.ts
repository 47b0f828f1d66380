/** `mesh experimental authz convert`: RBAC of older releases as AuthorizationPolicies. */

import { MeshError } from '../../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'authz', 'convert'],
  summary: 'Turn RBAC objects of Istio up to 1.5 into AuthorizationPolicies',
  description:
    'Reads ClusterRbacConfig (or RbacConfig), ServiceRoles, ServiceRoleBindings and the Services that they name, and ' +
    'prints AuthorizationPolicies that let the same requests through: one for each protected service, and those that ' +
    'let nothing else through. What has no counterpart is an error that names it.',
  examples: [
    {
      text: 'Convert, and look at it',
      command: 'mesh experimental authz convert -f rbac.yaml -s services.yaml',
    },
  ],
  args: [],
  flags: {
    file: {
      type: 'strings',
      short: 'f',
      value: 'FILE',
      commas: true,
      settable: false,
      complete: 'files',
      description: 'Files or folders with the RBAC objects; may be repeated',
    },
    service: {
      type: 'strings',
      short: 's',
      value: 'FILE',
      commas: true,
      settable: false,
      complete: 'files',
      description: 'Files or folders with the Services; may be repeated',
    },
    meshConfigFile: {
      type: 'string',
      short: 'm',
      value: 'FILE',
      complete: 'files',
      description: "The mesh's settings, which name the root namespace",
    },
  },
  exitCodes: { 0: 'The policies were printed', 1: 'They could not be made', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  if (flags.file.length === 0) {
    throw new MeshError('MissingArgument', 'there are no files to convert: --file', {
      hint: 'Example: mesh experimental authz convert -f rbac.yaml -s services.yaml',
    });
  }
  const [{ loadSnapshot }, { convertRbac }, { toYaml }] = await Promise.all([
    import('../../../route/load-mesh.ts'),
    import('../../../authz/convert.ts'),
    import('../../../output/yaml.ts'),
  ]);
  const { snapshot } = await loadSnapshot([...flags.file, ...flags.service], flags, context);
  const { policies, notes } = convertRbac(snapshot);
  for (const note of new Set(notes)) context.stderr.write(`Note: ${note}\n`);
  context.stdout.write(policies.map(toYaml).join('---\n'));
  return 0;
}
