/** Commands that take manifests and give them back changed: reading, writing, and the report on each workload. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';
import { MAX_FILE_BYTES } from '../config/parse/bounds.ts';
import { readBytes, readFailure } from '../config/sources/read-bytes.ts';
import { decodeText } from '../config/parse/decode.ts';
import { readDocuments } from '../inject/stream.ts';
import type { ResourceReport, Rewritten } from '../inject/stream.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { pathKind } from './path-kind.ts';
import { cannotWrite } from './writing.ts';

/** What a path on the command line means standard input by. */
const STDIN = '-';

export interface InputText {
  readonly file: string;
  readonly text: string;
}

export interface RewriteFlags {
  readonly output: string | undefined;
  readonly 'in-place': boolean;
  readonly check: boolean;
}

type Rewrite = (text: string, file: string) => Rewritten;

/**
 * Reads what the paths name, rewrites it, and writes it where the flags say. `prepare` gets all texts first.
 * Nothing is written unless all of them can be rewritten. Returns the exit code.
 */
export async function rewriteFiles(
  paths: readonly string[],
  flags: RewriteFlags,
  prepare: (inputs: readonly InputText[]) => Rewrite | Promise<Rewrite>,
  context: Context,
): Promise<number> {
  checkFlags(flags, paths);
  const inputs: InputText[] = [];
  for (const file of await filesOf(paths, context)) {
    inputs.push(
      file === STDIN ? fromStdin(await context.stdin.bytes(MAX_FILE_BYTES)) : readTextFile(file, context),
    );
  }
  const rewrite = await prepare(inputs);
  const results = inputs.map(({ text, file }) => ({ file, text, rewritten: rewrite(text, file) }));
  const changed = results.filter(({ text, rewritten }) => rewritten.text !== text);
  if (!flags.check) {
    if (flags['in-place']) {
      for (const { file, rewritten } of changed) writeText(file, rewritten.text, context);
    } else
      await writeOutput(
        results.map(({ rewritten }) => rewritten.text),
        flags.output,
        context,
      );
  }
  const several = results.length > 1;
  for (const { file, rewritten } of results) {
    for (const resource of rewritten.resources)
      context.stderr.write(reportLine(resource, several ? file : undefined, flags.check));
  }
  if (results.every(({ rewritten }) => rewritten.resources.length === 0)) {
    context.stderr.write('Note: there is no workload in the input, so that nothing changed.\n');
  }
  return flags.check && changed.length > 0 ? EXIT.failed : EXIT.ok;
}

/** The files that the paths name. What finds them in folders and patterns is loaded only where there are some. */
async function filesOf(paths: readonly string[], { cwd }: Context): Promise<readonly string[]> {
  const isFile = (path: string): boolean => pathKind(resolve(cwd, path)) === 'file';
  if (paths.length === 1 && paths.every((path) => path === STDIN || isFile(path))) return paths;
  const { collectFiles } = await import('../config/sources/files.ts');
  return collectFiles(paths).files;
}

/** A file's text with all its bytes: a mark of the byte order stays. Throws a MeshError when it is no UTF-8. */
export function readTextFile(file: string, context: Pick<Context, 'cwd'>): InputText {
  let bytes: Uint8Array | undefined;
  try {
    bytes = readBytes(resolve(context.cwd, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new MeshError('FileNotFound', `${file} does not exist`, { cause: error });
    throw new MeshError('FileUnreadable', `cannot be read: ${readFailure(file, error)}`, {
      where: { file },
      cause: error,
    });
  }
  if (bytes === undefined) {
    const limit = `${MAX_FILE_BYTES / 2 ** 20} MiB`;
    throw new MeshError('InputTooLarge', `the file has more than ${limit}, the most that is read`, {
      hint: 'Split it into several files.',
      where: { file },
    });
  }
  return { file, text: textOf(bytes, file) };
}

function fromStdin(bytes: Uint8Array): InputText {
  return { file: STDIN, text: textOf(bytes, STDIN) };
}

function textOf(bytes: Uint8Array, file: string): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new MeshError('Syntax', 'the text is UTF-16, which cannot be given back as it was', {
      hint: 'Save the file as UTF-8.',
      where: { file },
    });
  }
  const decoded = decodeText(bytes, file);
  if ('problem' in decoded) {
    const { message, hint, line, column } = decoded.problem;
    throw new MeshError('Syntax', message, {
      ...(hint === undefined ? {} : { hint }),
      where: { file, line, column },
    });
  }
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? `\ufeff${decoded.text}` : decoded.text;
}

function checkFlags(flags: RewriteFlags, paths: readonly string[]): void {
  if (flags['in-place'] && flags.output !== undefined) {
    throw new MeshError('BadArgument', '--in-place and --output exclude each other', {
      hint: 'Leave one of them out.',
    });
  }
  if (flags['in-place'] && paths.includes(STDIN)) {
    throw new MeshError('BadArgument', '--in-place cannot write to standard input', {
      hint: 'Name files instead of -.',
    });
  }
}

async function writeOutput(
  texts: readonly string[],
  output: string | undefined,
  context: Context,
): Promise<void> {
  if (output === 'json' || output === 'yaml') context.stdout.write(await converted(texts, output));
  else if (output === undefined || output === STDIN) context.stdout.write(joined(texts));
  else writeText(output, joined(texts), context);
}

function writeText(file: string, text: string, context: Context): void {
  try {
    writeFileSync(resolve(context.cwd, file), text);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** The texts of several files as one stream. A single text stays as it is. */
function joined(texts: readonly string[]): string {
  return texts.reduce((stream, text) => {
    if (stream === '') return text;
    const ended = stream.endsWith('\n') ? stream : `${stream}\n`;
    const next = text.replace(/^\ufeff/, '');
    return /^(?:\s*(?:#.*)?\r?\n)*---(?:\s|$)/.test(next) ? ended + next : `${ended}---\n${next}`;
  }, '');
}

/** Text that is in the format already keeps its bytes. */
async function converted(texts: readonly string[], format: 'json' | 'yaml'): Promise<string> {
  const isJson = (text: string): boolean => /^\ufeff?\s*\{/.test(text);
  if (format === 'yaml') {
    const { toYaml } = await import('./output/yaml.ts');
    return joined(
      texts.map((text) =>
        isJson(text)
          ? readDocuments(text)
              .map((value) => toYaml(value))
              .join('---\n')
          : text,
      ),
    );
  }
  const documents = texts.flatMap((text) => readDocuments(text));
  const value = documents.length === 1 ? documents[0] : { apiVersion: 'v1', kind: 'List', items: documents };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** One line on one workload. Scripts look for the words of what is skipped. */
function reportLine(resource: ResourceReport, file: string | undefined, check: boolean): string {
  const { kind, name, namespace, outcome, reason } = resource;
  const label = `${kind} "${namespace === '' ? name : `${namespace}/${name}`}"`;
  const place = file === undefined ? '' : `${file}:${resource.line}: `;
  switch (outcome) {
    case 'skipped':
      return reason === 'has no sidecar'
        ? `${place}${label} skipped: ${reason}\n`
        : `${place}===> Skipping injection because ${label} ${reason ?? 'cannot be injected'}\n`;
    case 'unchanged':
      return `${place}${label} unchanged: it has this sidecar already\n`;
    default:
      return `${place}${label} ${check ? 'would be ' : ''}${outcome}\n`;
  }
}
