/** Makes the protobuf types of the Envoy API from the `.proto` files inside an npm package. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix, relative } from 'node:path';
import { withLazyDescriptors } from './lazy-protos.ts';
import { writeOutputs } from './output.ts';
import { addFields } from './proto-additions.ts';
import { PROTO_ROOTS, UNUSED_OPTIONS } from './proto-list.ts';

export const PROTO_FOLDER = 'src/xds/proto/generated';
/** Holds a hash of all that the output depends on, so that most runs of the generator have nothing to do. */
const MARK = `${PROTO_FOLDER}/inputs.txt`;

/** What makes descriptors when they are asked for. */
const LAZY_MODULE = 'src/xds/proto/lazy-descriptors.ts';

const OWN_INPUTS = [
  'protos.ts',
  'lazy-protos.ts',
  'proto-additions.ts',
  'proto-list.ts',
  'protos/validate/validate.proto',
  'protos-istio/istio/mcp/v1alpha1/resource.proto',
  'protos-istio/io/istio/http/peer_metadata/config.proto',
] as const;

const require = createRequire(import.meta.url);

/** Where a package of npm is installed. */
function packageFolder(name: string): string {
  const file = `${name}/package.json`;
  for (const folder of require.resolve.paths(file) ?? []) {
    if (statSync(join(folder, file), { throwIfNoEntry: false }) !== undefined) return join(folder, name);
  }
  throw new Error(`the package ${name} is not installed; run "npm ci"`);
}

/** Folders of .proto files, as imports are looked up in them. */
function protoFolders(): ReadonlyMap<string, string> {
  const api = join(packageFolder('@grpc/grpc-js-xds'), 'deps');
  return new Map([
    ['envoy', join(api, 'envoy-api')],
    ['google', join(api, 'googleapis')],
    ['xds', join(api, 'xds')],
    ['options', join(import.meta.dirname, 'protos')],
    ['istio', join(import.meta.dirname, 'protos-istio')],
  ]);
}

/** Everything that decides the output, as one text. */
function inputs(): string {
  const hash = createHash('sha256');
  for (const name of ['@grpc/grpc-js-xds', '@bufbuild/buf', '@bufbuild/protoc-gen-es']) {
    hash.update(readFileSync(join(packageFolder(name), 'package.json')));
  }
  for (const file of OWN_INPUTS) {
    hash.update(readFileSync(join(import.meta.dirname, file)));
  }
  return `${hash.digest('hex')}\n`;
}

/** Generates the types into a project folder, unless they are there for the same inputs. Throws when buf fails. */
export function generateProtos(root: string): void {
  const state = inputs();
  if (statSync(join(root, MARK), { throwIfNoEntry: false }) !== undefined) {
    if (readFileSync(join(root, MARK), 'utf8') === state) return;
  }
  const workspace = mkdtempSync(join(tmpdir(), 'lateen-protos-'));
  try {
    const outputs = new Map<string, string>();
    const generated = runBuf(workspace);
    for (const file of filesBelow(generated)) {
      const path = relative(generated, file).replaceAll('\\', '/');
      outputs.set(`${PROTO_FOLDER}/${path}`, readFileSync(file, 'utf8'));
    }
    const modules = [...outputs.keys()].filter((path) => path.endsWith('_pb.js')).toSorted();
    for (const path of modules) {
      const types = outputs.get(path.replace(/\.js$/, '.d.ts')) ?? '';
      const place = posix.relative(posix.dirname(path), LAZY_MODULE);
      outputs.set(path, withLazyDescriptors(outputs.get(path) ?? '', types, place));
    }
    const names = modules.map((path) => path.slice(PROTO_FOLDER.length + 1));
    outputs.set(`${PROTO_FOLDER}/files.js`, printFiles(names));
    outputs.set(
      `${PROTO_FOLDER}/files.d.ts`,
      "import type { DescFile } from '@bufbuild/protobuf';\nexport declare const FILES: ReadonlyMap<string, readonly DescFile[]>;\n",
    );
    // Last, so that a run that was cut short is done again.
    outputs.set(MARK, state);
    writeOutputs(root, [PROTO_FOLDER], outputs);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Runs buf over the .proto files, with what we add to them. Returns the folder with the generated modules. */
function runBuf(workspace: string): string {
  const folders = protoFolders();
  for (const [name, folder] of folders) {
    if (name === 'envoy') cpSync(folder, join(workspace, name), { recursive: true });
    else symlinkSync(folder, join(workspace, name), 'junction');
  }
  addFields(join(workspace, 'envoy'));
  writeFileSync(
    join(workspace, 'buf.yaml'),
    JSON.stringify({ version: 'v2', modules: [...folders.keys()].map((path) => ({ path })) }),
  );
  const plugin = join(packageFolder('@bufbuild/protoc-gen-es'), 'bin', 'protoc-gen-es');
  const template = {
    version: 'v2',
    inputs: [
      { directory: '.', paths: PROTO_ROOTS.map((path) => placed(path)), exclude_types: UNUSED_OPTIONS },
    ],
    plugins: [
      {
        local: [process.execPath, plugin],
        out: 'out',
        strategy: 'all',
        include_imports: true,
        opt: ['target=js+dts', 'import_extension=js'],
      },
    ],
  };
  writeFileSync(join(workspace, 'buf.gen.yaml'), JSON.stringify(template));
  const buf = join(packageFolder('@bufbuild/buf'), 'bin', 'buf');
  const result = spawnSync(process.execPath, [buf, 'generate'], {
    cwd: workspace,
    encoding: 'utf8',
    env: { ...process.env, BUF_CACHE_DIR: join(workspace, 'cache') },
  });
  if (result.status !== 0) {
    throw new Error(`buf cannot make the protobuf types: ${result.error?.message ?? result.stderr}`);
  }
  return join(workspace, 'out');
}

/** Folders of the workspace that hold more than what is called as they are. */
const OTHER_FOLDERS: ReadonlyMap<string, string> = new Map([
  ['udpa', 'xds'],
  ['io', 'istio'],
]);

/** The path in the workspace of a path as .proto files import it. */
function placed(path: string): string {
  const [first = ''] = path.split('/');
  return `${OTHER_FOLDERS.get(first) ?? first}/${path}`;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A module that lists the descriptors of all files by their package, for looking types up by name. */
function printFiles(modules: readonly string[]): string {
  const packages = new Map<string, string[]>();
  const imports: string[] = [];
  for (const path of modules) {
    const name = `file_${path.replace(/_pb\.js$/, '').replaceAll(/[/.-]/g, '_')}`;
    imports.push(`import { ${name} } from './${path}';`);
    const owner = dirname(path).replaceAll('/', '.');
    packages.set(owner, [...(packages.get(owner) ?? []), name]);
  }
  const rows = [...packages].map(([name, files]) => `  ['${name}', [${files.join(', ')}]],`);
  return [...imports, '', 'export const FILES = new Map([', ...rows, ']);', ''].join('\n');
}

if (import.meta.main) generateProtos(dirname(dirname(import.meta.dirname)));
