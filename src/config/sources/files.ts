/** Reads objects from files, folders and standard input. */

import { readFileSync, readdirSync, statSync } from 'node:fs';
import type { Dirent, Stats } from 'node:fs';
import path from 'node:path';
import { MeshError } from '../../base/mesh-error.ts';
import type { MeshObject } from '../object.ts';
import { MAX_FILE_BYTES } from '../parse/bounds.ts';
import { decodeText } from '../parse/decode.ts';
import type { Decoded } from '../parse/decode.ts';
import { parseText } from '../parse/parse.ts';
import type { Parsed } from '../parse/parse.ts';
import { looksLikeTemplate } from '../parse/problem.ts';
import type { Problem } from '../parse/problem.ts';
import { expandGlob, isGlob } from './glob.ts';
import { IgnoreRules } from './ignore.ts';
import { readBytes, readFailure } from './read-bytes.ts';

/** Name of the files that say what a folder's reading leaves out. */
export const IGNORE_FILE = '.meshignore';

/** What a path on the command line means standard input by. */
export const STDIN = '-';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);

export interface LoadOptions {
  /** Documents that are no Kubernetes objects are errors. */
  readonly strictFiles?: boolean;
  /** Folders are read with the folders inside them; true unless said otherwise. */
  readonly recursive?: boolean;
  /** Files named one by one are passed over unless they end in .yaml, .yml or .json. */
  readonly knownExtensionsOnly?: boolean;
  /** Gives the bytes of standard input; the process's own when left out. */
  readonly readStdin?: () => Uint8Array;
}

export interface Loaded {
  readonly objects: readonly MeshObject[];
  readonly problems: readonly Problem[];
  /** Files that were read, as they are named in findings. */
  readonly files: readonly string[];
  /** Files given by name that were passed over because of their extension. */
  readonly unrecognized: readonly string[];
  /** Documents that are no Kubernetes objects. */
  readonly skipped: number;
  readonly documents: number;
}

/**
 * Reads what the paths name, each file once and in a fixed order: files, folders (their .yaml, .yml and .json
 * files), `-` for standard input, and patterns that the shell left alone. Files named one by one are read
 * whatever .meshignore says. Throws MeshError for a path that does not exist.
 */
export function loadPaths(paths: readonly string[], options: LoadOptions = {}): Loaded {
  const collected = collectFiles(paths, options);
  const objects: MeshObject[] = [];
  const problems: Problem[] = [];
  let skipped = 0;
  let documents = 0;
  for (const file of collected.files) {
    const loaded = loadFile(file, options);
    for (const object of loaded.objects) objects.push(object);
    for (const problem of loaded.problems) problems.push(problem);
    skipped += loaded.skipped;
    documents += loaded.documents;
  }
  return {
    objects,
    problems,
    files: collected.files,
    unrecognized: collected.unrecognized,
    skipped,
    documents,
  };
}

/**
 * Reads one file, or standard input for `-`. What keeps it from being read is a problem. Templates of a Helm
 * chart are skipped: they are no Kubernetes objects yet.
 */
export function loadFile(file: string, options: LoadOptions = {}): Parsed {
  const decoded = readText(file, options);
  if ('problem' in decoded) return { objects: [], problems: [decoded.problem], skipped: 0, documents: 0 };
  if (isChartTemplate(file, decoded.text)) {
    const problems = options.strictFiles === true ? [templateProblem(file)] : [];
    return { objects: [], problems, skipped: 1, documents: 1 };
  }
  return parseText(decoded.text, file, { strictFiles: options.strictFiles === true });
}

/** Whether a file lies in the `templates` of a Helm chart and is one, so that it makes manifests and is none. */
export function isChartTemplate(file: string, text: string): boolean {
  if (!looksLikeTemplate(text)) return false;
  const parts = path.resolve(file).split(path.sep);
  const at = parts.lastIndexOf('templates');
  return at > 0 && exists([...parts.slice(0, at), 'Chart.yaml'].join(path.sep));
}

function templateProblem(file: string): Problem {
  return {
    check: 'NotAnObject',
    level: 'Error',
    file,
    line: 1,
    column: 1,
    message: 'the file is a template of a Helm chart',
    hint: 'Check what "helm template" makes of it.',
  };
}

/** The files that the paths name, in order and without repetition. Throws MeshError as `loadPaths` does. */
export function collectFiles(
  paths: readonly string[],
  options: Pick<LoadOptions, 'recursive' | 'knownExtensionsOnly'> = {},
): { files: readonly string[]; unrecognized: readonly string[] } {
  const files = new Map<string, string>();
  const unrecognized: string[] = [];
  const add = (file: string): void => {
    const key = file === STDIN ? STDIN : path.resolve(file);
    if (!files.has(key)) files.set(key, file);
  };
  const addNamed = (given: string): void => {
    if (given === STDIN) {
      add(STDIN);
      return;
    }
    const status = statusOf(given);
    if (status === undefined) throw notFound(given);
    if (status.isDirectory()) {
      for (const file of filesBelow(given, options.recursive !== false)) add(file);
    } else if (options.knownExtensionsOnly === true && !isManifest(given)) {
      unrecognized.push(given);
    } else {
      add(given);
    }
  };
  for (const given of paths) {
    const isPattern = given !== STDIN && isGlob(given) && !exists(given);
    const matches = isPattern ? expandGlob(given, listFolder) : [given];
    if (matches.length === 0) throw notFound(given);
    for (const match of matches) addNamed(match);
  }
  return { files: [...files.values()], unrecognized };
}

/** The text of a file, or of standard input for `-`; what keeps it from being read is a problem. */
export function readText(file: string, options: LoadOptions = {}): Decoded {
  let bytes: Uint8Array | undefined;
  try {
    bytes = file === STDIN ? (options.readStdin?.() ?? readFileSync(process.stdin.fd)) : readBytes(file);
  } catch (error) {
    return {
      problem: {
        check: 'Syntax',
        level: 'Error',
        file,
        message: `cannot be read: ${readFailure(file, error)}`,
      },
    };
  }
  return bytes === undefined ? tooLarge(file) : decodeText(bytes, file);
}

function tooLarge(file: string): Decoded {
  return {
    problem: {
      check: 'Syntax',
      level: 'Error',
      file,
      message: `the file has more than ${MAX_FILE_BYTES / 1024 / 1024} MiB, the most that is read`,
      hint: 'Split it into several files.',
    },
  };
}

/** The manifests in a folder, sorted by name, files before folders; links to folders are not followed. */
function filesBelow(root: string, recursive: boolean): readonly string[] {
  const files: string[] = [];
  const visit = (folder: string, relative: string, rules: IgnoreRules): void => {
    const entries = listFolder(folder);
    const own = entries.some((entry) => entry.name === IGNORE_FILE && entry.isFile())
      ? rules.with(readIgnoreFile(path.join(folder, IGNORE_FILE)), relative)
      : rules;
    const folders: Dirent[] = [];
    for (const entry of entries) {
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        if (
          recursive &&
          entry.name !== '.git' &&
          entry.name !== 'node_modules' &&
          !own.ignores(below, true)
        ) {
          folders.push(entry);
        }
      } else if (isManifest(entry.name) && !own.ignores(below, false) && !isFolderLink(folder, entry)) {
        files.push(path.join(folder, entry.name));
      }
    }
    for (const entry of folders) {
      visit(path.join(folder, entry.name), relative === '' ? entry.name : `${relative}/${entry.name}`, own);
    }
  };
  visit(root, '', IgnoreRules.none);
  return files;
}

/** A link to a folder could lead back up, so it is not followed. */
function isFolderLink(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return false;
  try {
    return statSync(path.join(folder, entry.name)).isDirectory();
  } catch {
    // Reading it will tell what is wrong.
    return false;
  }
}

function readIgnoreFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new MeshError('UnreadableFile', `cannot read ${file}: ${readFailure(file, error)}`, {
      where: { file },
    });
  }
}

function isManifest(name: string): boolean {
  return EXTENSIONS.has(path.extname(name).toLowerCase());
}

function listFolder(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((left, right) =>
      left.name < right.name ? -1 : 1,
    );
  } catch (error) {
    throw new MeshError('UnreadableFile', `cannot read the folder ${folder}: ${readFailure(folder, error)}`, {
      where: { file: folder },
    });
  }
}

function exists(given: string): boolean {
  return statusOf(given) !== undefined;
}

function statusOf(given: string): Stats | undefined {
  try {
    return statSync(given, { throwIfNoEntry: false });
  } catch (error) {
    throw new MeshError('UnreadableFile', `cannot read ${given}: ${readFailure(given, error)}`, {
      where: { file: given },
    });
  }
}

function notFound(given: string): MeshError {
  if (given === '')
    return new MeshError('FileNotFound', 'the name of a file is empty', {
      hint: 'Is a variable of the script not set?',
    });
  return new MeshError('FileNotFound', `there is no file or folder ${given}`, { where: { file: given } });
}
