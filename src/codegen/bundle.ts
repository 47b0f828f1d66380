/** Bundles the commands and the library into `dist/js/`, so that a command reads few files and only its own code. */

import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

/** Modules that are loaded only when something of them is used, and what of them there is to use. */
const LAZY_MODULES = new Map([
  // commander imports it for subcommands that are programs of their own, which mesh has none of.
  [
    'node:child_process',
    ['ChildProcess', 'exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'],
  ],
]);

/**
 * Node.js' own modules come by `process.getBuiltinModule`: an import statement would ask for all that they
 * export, which for `node:fs` loads its promises and for `node:process` opens the streams, 4 ms for nothing.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  resolveId(id, _importer, { kind }) {
    if (!isBuiltin(id)) return null;
    // Libraries write them without the prefix, too.
    const name = id.startsWith('node:') ? id : `node:${id}`;
    // The bundler's own code needs this one as it is.
    if (name === 'node:module') return null;
    return kind === 'dynamic-import' ? { id: name, external: true } : { id: `\0${name}` };
  },
  load(id) {
    if (!id.startsWith('\0node:')) return null;
    const builtin = `process.getBuiltinModule(${JSON.stringify(id.slice(1))})`;
    const names = LAZY_MODULES.get(id.slice(1));
    const code =
      names === undefined
        ? `module.exports = ${builtin};`
        : `module.exports = { ${names.map((name) => `get ${name}() { return ${builtin}.${name}; }`).join(', ')} };`;
    return { code, moduleType: 'js' };
  },
};

/**
 * What the library that reads kubeconfig files sends its own requests with. We send ours ourselves, so that the
 * larger part of all it brings along is left out.
 */
const unusedClient: Plugin = {
  name: 'unused-client',
  resolveId: (id, importer) =>
    id === 'undici' && importer?.includes('/@kubernetes/client-node/') === true ? '\0unused-undici' : null,
  load: (id) =>
    id === '\0unused-undici'
      ? {
          code: 'export class Agent {}\nexport class ProxyAgent {}\nexport const fetch = undefined;\n',
          moduleType: 'js',
        }
      : null,
};

/** What the terminal views would load to be looked at by a browser, in development only. */
const noDevtools: Plugin = {
  name: 'no-devtools',
  resolveId: (id) => (id === 'react-devtools-core' ? '\0no-devtools' : null),
  load: (id) => (id === '\0no-devtools' ? { code: 'export default {};\n', moduleType: 'js' } : null),
};

/**
 * Modules that are loaded together, so that they become one file each: a file costs a third of a millisecond,
 * whatever is in it. All else is split as commands share it.
 */
const GROUPS = [
  {
    name: 'base',
    test: /^\0node:|\/src\/base\/(mesh-error|nearest|field-path|kubernetes-names|package-version|printable)\.ts$/,
    priority: 3,
  },
  {
    name: 'start',
    test: /\/node_modules\/commander\/|\/src\/cli\/(main|resolve|other-commands\.table|parser|flag-value|global-flags|input-flags|settings|context|exit-codes|error-text|process-io|generated\/commands|output\/report-formats)\.ts$/,
    priority: 2,
  },
  {
    // What reads YAML, which injection needs without the rest of `check`.
    name: 'yaml',
    test: /\/node_modules\/js-yaml\/|\/src\/base\/(yaml-[a-z]+|cidr|quantity|label-selector)\.ts$|\/src\/config\/(parse\/(decode|bounds)|sources\/read-bytes)\.ts$/,
    priority: 3,
  },
  {
    name: 'inject',
    test: /\/src\/inject\/|\/src\/cli\/(inject-files|rewrite-files|writing|path-kind)\.ts$/,
    priority: 2,
  },
  {
    // What `validate` and `analyze` need of every input.
    name: 'check',
    test: /\/node_modules\/js-yaml\/|\/src\/base\/|\/src\/api\/(kinds|kind-info|metadata|spellings|schema|generated\/kind-table)\.ts$|\/src\/config\/((?!admission)[a-z-]+|parse\/[a-z-]+|sources\/(files|glob|glob-match|ignore)|checks\/(duplicates|embedded|kind|metadata|schema-message)|rules\/rule|generated\/(validators|rules|cel-rules)|generated\/validators\/runtime)\.[jt]s$|\/src\/analysis\/reporters\/(log|report)\.ts$|\/src\/cli\/(validate-files|load-input|progress|report-findings|output\/report-format)\.ts$/,
    priority: 1,
  },
  // What the rules of several kinds share.
  { name: 'rules', test: /\/src\/config\/rules\//, minShareCount: 2 },
];

/**
 * One character beyond Latin-1 makes a process keep the whole file with two bytes for each of its characters, for as long
 * as it runs.
 */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_, files) {
    for (const file of Object.values(files)) if (file.type === 'chunk') file.code = escapeNonAscii(file.code);
  },
};

/** The same program in ASCII. `String.raw` is the one place where an escape is not what it stands for. */
export function escapeNonAscii(code: string): string {
  return code.replaceAll(/(\\*)([\u0080-\uffff])/g, (_, slashes: string, char: string) => {
    // A character that is escaped without need is the character.
    const before = slashes.length % 2 === 0 ? slashes : slashes.slice(1);
    return `${before}\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Writes the bundle of the project at `root`. */
export async function bundle(root: string, version: string): Promise<void> {
  const programs = { cli: 'src/cli/main.ts', index: 'src/index.ts', controller: 'src/controller/main.ts' };
  await write(root, version, programs, GROUPS);
  // The proxy shares no file with the others: each would bring along what only they need, in a process that is to be
  // small for months.
  await write(root, version, { proxy: 'src/proxy/main.ts' }, []);
}

async function write(
  root: string,
  version: string,
  input: Readonly<Record<string, string>>,
  groups: typeof GROUPS,
): Promise<void> {
  const build = await rolldown({
    cwd: root,
    input: { ...input },
    platform: 'node',
    plugins: [builtinModules, unusedClient, noDevtools, asciiOnly],
    // The library's client for every kind of Kubernetes, which is ten times the rest.
    treeshake: { moduleSideEffects: (id) => !id.includes('/@kubernetes/client-node/dist/gen/') },
    transform: { target: 'node22.12', define: { LATEEN_VERSION: JSON.stringify(version) } },
  });
  await build.write({
    dir: join(root, 'dist', 'js'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: { legal: true, annotation: false, jsdoc: false },
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    codeSplitting: { groups },
  });
  await build.close();
}
