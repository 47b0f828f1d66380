/** Makes everything that is generated: from `schemas/`, the folders of rules, analyzers and commands, and the Envoy API. */

import { fileURLToPath } from 'node:url';
import { printRuntime } from './validator-runtime.ts';
import { celRules, printCelRules, printCelTable } from './cel-rules.ts';
import { printCommands, printSettings, readCommands } from './commands.ts';
import { crdPath, customResourceDefinition } from './crd.ts';
import { printKindTable, sortedByKey } from './kind-table.ts';
import { printKindTypes } from './kind-types.ts';
import { printAnalyzers, printRules, readUnits } from './lists.ts';
import { writeOutputs } from './output.ts';
import { generateProtos } from './protos.ts';
import { referenceIndex, referencePage } from './reference.ts';
import { formatProblem, readSchemas } from './schema-files.ts';
import type { SchemaFile } from './schema-files.ts';
import { printTypes } from './types.ts';
import { printValidator, printValidatorTable, printValidatorTypes } from './validators.ts';

const SCHEMA_FOLDERS = [
  'src/api/generated',
  'src/config/generated',
  'src/analysis/generated',
  'dist/crds',
  'dist/docs/reference',
];
const COMMAND_FOLDERS = ['src/cli/generated'];

/** Everything that schemas alone decide, by path. Throws when two rows would clash. */
function schemaOutputs(files: readonly SchemaFile[]): Map<string, string> {
  const outputs = new Map<string, string>();
  outputs.set('src/api/generated/kind-table.ts', printKindTable(files));
  outputs.set('dist/docs/reference/README.md', referenceIndex(files));
  outputs.set('src/api/generated/kind-types.ts', printKindTypes(files.map(({ schema }) => schema)));
  outputs.set('src/config/generated/validators/runtime.js', printRuntime());
  outputs.set('src/config/generated/validators.ts', printValidatorTable(files));
  const withCel: SchemaFile[] = [];
  for (const file of files) {
    const { folder, schema } = file;
    const name = `${folder}/${schema['x-mesh'].kind}`;
    outputs.set(`src/api/generated/types/${name}.ts`, printTypes(schema));
    outputs.set(`src/config/generated/validators/${name}.js`, printValidator(schema));
    outputs.set(`src/config/generated/validators/${name}.d.ts`, printValidatorTypes());
    outputs.set(`dist/docs/reference/${name}.md`, referencePage(schema));
    const crd = customResourceDefinition(schema);
    if (crd !== undefined) outputs.set(`dist/${crdPath(schema)}`, `${JSON.stringify(crd, undefined, 1)}\n`);
    const rules = celRules(schema);
    if (rules.length === 0) continue;
    withCel.push(file);
    outputs.set(`src/config/generated/cel/${name}.ts`, printCelRules(rules));
  }
  outputs.set('src/config/generated/cel-rules.ts', printCelTable(withCel));
  return outputs;
}

export interface GenerateOptions {
  /** Leave broken files out, with a warning, where they would fail the run. */
  readonly keepGoing: boolean;
  readonly print: (line: string) => void;
}

/** Runs the generator in a project folder. Returns the exit code: 1 when something is broken and not skipped. */
export async function generate(root: string, options: GenerateOptions): Promise<number> {
  const { files: found, problems: broken } = readSchemas(root);
  const files = sortedByKey(found);
  const outputs = schemaOutputs(files);
  const rules = printRules(readUnits(root, 'src/config/rules'), new Set(files.map(({ key }) => key)));
  outputs.set('src/config/generated/rules.ts', rules.text);
  outputs.set(
    'src/analysis/generated/analyzers.ts',
    printAnalyzers(readUnits(root, 'src/analysis/analyzers')),
  );
  if (fails([...broken.map(formatProblem), ...rules.problems], options)) return 1;
  writeOutputs(root, SCHEMA_FOLDERS, outputs);

  // Command files are imported for their metadata, and may import what has just been written.
  const commands = await commandOutputs(root);
  if (fails(commands.problems, options)) return 1;
  if (commands.outputs !== undefined) writeOutputs(root, COMMAND_FOLDERS, commands.outputs);
  return 0;
}

async function commandOutputs(root: string): Promise<{ outputs?: Map<string, string>; problems: string[] }> {
  try {
    const units = await readCommands(root);
    const { text, problems } = printCommands(units);
    const outputs = new Map([
      ['src/cli/generated/commands.ts', text],
      ['src/cli/generated/settings.ts', printSettings(units)],
    ]);
    return { outputs, problems };
  } catch (error) {
    return { problems: [`src/cli/commands: ${(error as Error).message}`] };
  }
}

/** Prints the problems. True when the run has to end here. */
function fails(problems: readonly string[], { keepGoing, print }: GenerateOptions): boolean {
  for (const problem of problems) print(keepGoing ? `warning: ${problem}` : problem);
  if (problems.length === 0 || keepGoing) return false;
  print(`${problems.length} problems; mend them, or leave the broken files out with --keep-going`);
  return true;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  generateProtos(root);
  process.exitCode = await generate(root, {
    keepGoing: process.argv.includes('--keep-going'),
    print: (line) => void process.stderr.write(`${line}\n`),
  });
}
