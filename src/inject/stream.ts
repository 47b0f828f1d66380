/** Streams of documents: finds the objects in them, asks what is to change, and puts the text together again. */

import { YAMLException } from 'js-yaml';
import { MeshError } from '../base/mesh-error.ts';
import { splitDocuments } from '../base/yaml-split.ts';
import { isList, isWorkload, workloadOf } from './workload.ts';
import { Edits, applyEdits, unsupported } from './yaml/edits.ts';
import type { Edit } from './yaml/edits.ts';
import { splitJson } from './yaml/json-stream.ts';
import { yamlError } from './yaml/read.ts';
import { reconcile } from './yaml/reconcile.ts';
import type { Style } from './yaml/render.ts';
import { parseTree } from './yaml/tree.ts';
import type { Node, YamlDocument } from './yaml/tree.ts';
import { entriesOf, getKey, valueOf } from './yaml/value.ts';
import type { Json } from './yaml/value.ts';

/** Documents that are parsed one by one; those beyond are parsed together. */
const MAX_DOCUMENTS = 100_000;

/** What became of one workload. */
export interface ResourceReport {
  readonly kind: string;
  readonly name: string;
  /** Empty where the object names none. */
  readonly namespace: string;
  readonly outcome: Outcome['outcome'];
  /** For what is skipped: goes after the object's name. */
  readonly reason?: string;
  /** Line of the object in the text, from 1. */
  readonly line: number;
}

export interface Rewritten {
  readonly text: string;
  readonly resources: readonly ResourceReport[];
}

export interface Outcome {
  readonly outcome: 'injected' | 'updated' | 'uninjected' | 'unchanged' | 'skipped';
  readonly reason?: string;
  readonly edits?: readonly Edit[];
}

/** Goes through the workloads of a text, also those in lists. */
export function eachObject(
  text: string,
  file: string | undefined,
  rewrite: (object: ObjectText) => Outcome,
): Rewritten {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const parts: string[] = [];
  const resources: ResourceReport[] = [];
  for (const { piece, line, documents } of piecesOf(text, file)) {
    const edits: Edit[] = [];
    for (const document of documents) {
      for (const object of objectsOf(piece, document, newline)) {
        const where = { file, line: line + countLines(piece, 0, object.start) };
        const report = rewriteObject(object, where, rewrite);
        resources.push(report.resource);
        for (const edit of report.edits) edits.push(edit);
      }
    }
    if (edits.length === 0) parts.push(piece);
    else
      parts.push(
        applyEdits(
          piece,
          edits.toSorted((a, b) => a.start - b.start),
        ),
      );
  }
  return { text: parts.join(''), resources };
}

/** The values of a text's documents, empty ones left out. Throws a MeshError for text that cannot be read. */
export function readDocuments(text: string, file?: string): readonly Json[] {
  return [...piecesOf(text, file)].flatMap(({ documents }) =>
    documents
      .flatMap(({ root }) => (root === undefined ? [] : [valueOf(root)]))
      .filter((value) => value !== null),
  );
}

function countLines(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** An object in a text, with what is needed to change it there. */
export class ObjectText {
  readonly text: string;
  readonly value: Json;
  private readonly root: Node;
  private readonly document: YamlDocument;
  private readonly newline: string;
  private readonly known = new Map<Node, Json>();

  constructor(text: string, root: Node, document: YamlDocument, newline: string) {
    this.text = text;
    this.root = root;
    this.document = document;
    this.newline = newline;
    this.value = valueOf(root, this.known);
  }

  get start(): number {
    return this.root.start;
  }

  /** The end of its last line; for braces, after the last. */
  get end(): number {
    const { root } = this;
    return root.type === 'map' && root.flow ? root.end : new Edits(this.text, this.style()).tail(root);
  }

  /** The node at a path, if it is written there and not come by an alias. */
  nodeAt(path: readonly string[]): Node | undefined {
    let current: Node | undefined = this.root;
    for (const key of path) current = current?.type === 'map' ? entriesOf(current).get(key) : undefined;
    return current;
  }

  /** What turns the object into another value, in the order of the text. */
  editsTo(target: Json): readonly Edit[] {
    const edits = new Edits(this.text, this.style());
    const { root, hasMarkedKeys } = this.document;
    if (root === undefined) return [];
    reconcile(edits, this.root, target, root, this.known);
    const sorted = edits.sorted();
    if (hasMarkedKeys && sorted.length > 0) throw unsupported('a text with keys behind "?"');
    const { start, end } = this;
    if (root !== this.root && sorted.some((edit) => edit.start < start || edit.end > end)) {
      throw new MeshError(
        'Unsupported',
        'an alias in another object of the list refers to what would change',
        {
          hint: 'Write the value out in both places.',
        },
      );
    }
    return sorted;
  }

  /** The same object with another text, as if it stood there alone; undefined where it needs what is around it. */
  reread(text: string): ObjectText | undefined {
    const { root } = this;
    const padded = root.type === 'map' && !root.flow ? ' '.repeat(root.column) + text : text;
    try {
      const [document] = parseTree(padded);
      return document?.root === undefined
        ? undefined
        : new ObjectText(padded, document.root, document, this.newline);
    } catch (error) {
      // Its aliases may refer to another object of the list.
      if (error instanceof MeshError || error instanceof YAMLException) return undefined;
      throw error;
    }
  }

  private style(): Style {
    const spec = workloadOf(this.value)?.path ?? [];
    const containers = this.nodeAt([...spec, 'spec', 'containers']);
    const indented =
      containers?.type !== 'sequence' || containers.flow || containers.column > containers.slot.column;
    return { newline: this.newline, listOffset: indented ? 2 : 0 };
  }
}

function rewriteObject(
  object: ObjectText,
  where: { readonly file: string | undefined; readonly line: number },
  rewrite: (object: ObjectText) => Outcome,
): { resource: ResourceReport; edits: readonly Edit[] } {
  const kind = String(getKey(object.value, 'kind'));
  const workload = workloadOf(object.value);
  const metadata = getKey(object.value, 'metadata');
  const name = workload?.name ?? String(getKey(metadata, 'name') ?? '');
  const namespace = workload?.namespace ?? String(getKey(metadata, 'namespace') ?? '');
  try {
    const { outcome, reason, edits = [] } = rewrite(object);
    const resource = {
      kind,
      name,
      namespace,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      line: where.line,
    };
    return { resource, edits };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    throw new MeshError(error.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      where: {
        ...(where.file === undefined ? {} : { file: where.file }),
        line: where.line,
        ...error.where,
        object: `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`,
      },
      cause: error,
    });
  }
}

function objectsOf(text: string, document: YamlDocument, newline: string): ObjectText[] {
  const { root } = document;
  if (root === undefined) return [];
  const top = root.type === 'map' ? headOf(root) : {};
  if (isWorkload(top)) return [new ObjectText(text, root, document, newline)];
  if (!isList(top) || root.type !== 'map') return [];
  const items = entriesOf(root).get('items');
  if (items?.type !== 'sequence') return [];
  return items.items
    .filter((item) => item.type === 'map' && isWorkload(headOf(item)))
    .map((item) => new ObjectText(text, item, document, newline));
}

/** Kind and version alone, which say whether the rest is worth reading. */
function headOf(node: Node): Json {
  if (node.type !== 'map') return {};
  const entries = entriesOf(node);
  const scalar = (key: string): Json => {
    const value = entries.get(key);
    return value?.type === 'scalar' ? value.value : null;
  };
  return { apiVersion: scalar('apiVersion'), kind: scalar('kind') };
}

interface Piece {
  readonly piece: string;
  /** Line on which it starts, from 1. */
  readonly line: number;
  readonly documents: readonly YamlDocument[];
}

/**
 * The text document by document, each parsed when its turn comes, so that a long stream needs little memory; or
 * its JSON values one by one where they follow one another without marks between them.
 */
function* piecesOf(text: string, file: string | undefined): Generator<Piece> {
  for (const { start, end, line } of splitDocuments(text, MAX_DOCUMENTS)) {
    const piece = text.slice(start, end);
    let documents: readonly YamlDocument[];
    try {
      documents = parseTree(piece);
    } catch (error) {
      const values = error instanceof YAMLException ? splitJson(piece) : undefined;
      if (values === undefined) throw yamlError(error, piece, file, line);
      let at = line;
      for (const value of values) {
        yield { piece: value, line: at, documents: parseTree(value) };
        at += countLines(value, 0, value.length);
      }
      continue;
    }
    yield { piece, line, documents };
  }
}
