/** `mesh schema`: JSON Schemas of kinds, for editors and other validators. */

import type { KindInfo } from '../../api/kind-info.ts';
import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';

export const metadata = {
  path: ['schema'],
  summary: 'Print the JSON Schema of a kind, for editors',
  description:
    'Prints the JSON Schema (draft 7) of a kind, with a description of each field, or writes the schemas of all ' +
    'kinds into a folder, as {kind}-{group}-{version}.json. Kubeconform finds them there with -schema-location ' +
    "'FOLDER/{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json'.",
  examples: [
    { text: 'The schema of a kind', command: 'mesh schema VirtualService > virtualservice.json' },
    { text: 'One version of it', command: 'mesh schema VirtualService --api-version v1beta1' },
    { text: 'All of them, for an editor or kubeconform', command: 'mesh schema --all schemas/' },
    { text: 'Which kinds are there?', command: 'mesh schema --list' },
  ],
  args: [{ name: 'KIND', description: 'Kind, plural or short name', optional: true, complete: 'kinds' }],
  flags: {
    all: {
      type: 'string',
      value: 'FOLDER',
      settable: false,
      complete: 'folders',
      description: 'Write all schemas there',
    },
    list: { type: 'boolean', settable: false, description: 'List the kinds instead' },
    'api-version': {
      type: 'string',
      value: 'VERSION',
      settable: false,
      description: 'Version of the kind, with its group or without; all versions, when left out',
    },
  },
  exitCodes: {
    0: 'The schema was printed or written',
    1: 'The folder cannot be written',
    2: 'There is no such kind',
  },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const [kind] = args;
  if (flags.list) return listKinds(context);
  if (flags.all !== undefined) {
    if (kind === undefined) return writeAll(flags.all, context);
    throw new MeshError(
      'UnexpectedArgument',
      `--all writes every kind, so "${kind}" has no place beside it`,
      {
        hint: 'Leave one of them out.',
      },
    );
  }
  if (kind === undefined) {
    throw new MeshError('MissingArgument', '"mesh schema" needs KIND, or --all FOLDER', {
      hint: 'For example: mesh schema VirtualService. Run "mesh schema --list" for the kinds.',
    });
  }
  const [{ parseKindPath }, { readSchema }, { editorSchema }] = await Promise.all([
    import('../kind-words.ts'),
    import('../schema-store.ts'),
    import('../../api/editor-schema.ts'),
  ]);
  const { info, version, path } = parseKindPath(kind, flags['api-version']);
  if (path.length > 0) {
    throw new MeshError(
      'BadArgument',
      `a schema is that of a whole kind, so ".${path.join('.')}" has no place here`,
      {
        hint: `Run "mesh explain ${kind}" for the field.`,
      },
    );
  }
  context.stdout.write(
    `${JSON.stringify(editorSchema(await readSchema(info), version ?? 'all'), undefined, 2)}\n`,
  );
  return 0;
}

async function listKinds({ stdout }: Context): Promise<number> {
  const [{ KINDS }, { formatTable }] = await Promise.all([
    import('../../api/kinds.ts'),
    import('../output/table.ts'),
  ]);
  const rows = KINDS.map(({ kind, group, shortNames, versions }) => [
    kind,
    group === '' ? '-' : group,
    shortNames.length === 0 ? '-' : shortNames.join(','),
    versions.length === 0 ? '-' : versions.map(({ name }) => name).join(','),
  ]);
  stdout.write(formatTable(['KIND', 'GROUP', 'SHORT', 'VERSIONS'], rows));
  return 0;
}

/** Kubernetes' own kinds are left out: only some of their fields are described here. */
async function writeAll(folder: string, { cwd, stderr }: Context): Promise<number> {
  const [
    { KINDS },
    { readSchema },
    { editorSchema, editorSchemaFile },
    { cannotWrite, makeFolder },
    { writeFile },
    { resolve },
  ] = await Promise.all([
    import('../../api/kinds.ts'),
    import('../schema-store.ts'),
    import('../../api/editor-schema.ts'),
    import('../writing.ts'),
    import('node:fs/promises'),
    import('node:path'),
  ]);
  if (folder === '') {
    throw new MeshError('BadFlagValue', '--all is empty, but must name a folder', {
      hint: 'For this folder, write --all .',
    });
  }
  const target = resolve(cwd, folder);
  let count = 0;
  const write = async (info: KindInfo): Promise<void> => {
    const schema = await readSchema(info);
    for (const version of info.versions.length === 0 ? [''] : info.versions.map(({ name }) => name)) {
      const text = JSON.stringify(editorSchema(schema, version), undefined, 2);
      await writeFile(resolve(target, editorSchemaFile(schema, version)), `${text}\n`);
      count++;
    }
  };
  try {
    await makeFolder(target);
    for (const info of KINDS) if (!info.external) await write(info);
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
  stderr.write(`Wrote ${count} schemas to ${folder}\n`);
  return 0;
}
