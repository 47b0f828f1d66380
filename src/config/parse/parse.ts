/** The pure half of loading: the text of a file in, its objects and its problems out. */

import type { FieldPath } from '../../base/field-path.ts';
import { printable } from '../../base/printable.ts';
import type { MeshObject, Position } from '../object.ts';
import { MAX_DOCUMENTS, MAX_PROBLEMS } from './bounds.ts';
import { ConstructError, construct } from './construct.ts';
import type { Constructed, Fault } from './construct.ts';
import { splitJson } from './json.ts';
import { readObjects } from './objects.ts';
import { LineTable } from './line-table.ts';
import { describeSyntaxError, structureFault } from './problem.ts';
import type { Problem } from './problem.ts';
import { PieceSource, inFile } from './source.ts';
import type { Piece } from './source.ts';
import { splitDocuments } from '../../base/yaml-split.ts';
import { parseYaml } from '../../base/yaml-events.ts';
import type { ParsedYaml } from '../../base/yaml-events.ts';

export interface Parsed {
  readonly objects: readonly MeshObject[];
  readonly problems: readonly Problem[];
  /** Documents that hold something which is no Kubernetes object. */
  readonly skipped: number;
  /** Documents that are not empty, the skipped and the broken ones included. */
  readonly documents: number;
}

export interface ParseOptions {
  /** Documents that are no Kubernetes objects are errors. */
  readonly strictFiles?: boolean;
}

/** Reads a text of YAML or JSON documents. Never throws: what cannot be read becomes a problem. */
export function parseText(text: string, file: string, options: ParseOptions = {}): Parsed {
  return new FileReading(file, text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, options).read();
}

class FileReading {
  readonly #file: string;
  readonly #text: string;
  readonly #strictFiles: boolean;
  readonly #objects: MeshObject[] = [];
  readonly #problems: Problem[] = [];
  #unlisted = 0;
  #skipped = 0;
  #documents = 0;

  constructor(file: string, text: string, options: ParseOptions) {
    this.#file = file;
    this.#text = text;
    this.#strictFiles = options.strictFiles === true;
  }

  read(): Parsed {
    const chunks = splitDocuments(this.#text, MAX_DOCUMENTS);
    for (const chunk of chunks.slice(0, MAX_DOCUMENTS)) {
      this.#readPiece({ file: this.#file, text: this.#text, ...chunk, column: 1 }, true);
    }
    const beyond = chunks[MAX_DOCUMENTS];
    if (beyond !== undefined) this.#reportBeyond({ line: beyond.line, column: 1 });
    if (this.#unlisted > 0) {
      this.#problems.push({
        check: 'Syntax',
        level: 'Error',
        file: this.#file,
        message: `${this.#unlisted} more problems of this file are not listed`,
      });
    }
    return {
      objects: this.#objects,
      problems: this.#problems,
      skipped: this.#skipped,
      documents: this.#documents,
    };
  }

  #readPiece(piece: Piece, mayHoldSeveral: boolean): void {
    const text = piece.text.slice(piece.start, piece.end);
    const lines = new LineTable(text);
    let yaml: ParsedYaml;
    try {
      yaml = parseYaml(text);
    } catch (error) {
      const parts = mayHoldSeveral ? splitJson(text) : [];
      if (parts.length > 1) {
        this.#readParts(piece, lines, parts);
      } else {
        this.#documents++;
        this.#reportFault(piece, lines, describeSyntaxError(error, text));
      }
      return;
    }
    const faults: Fault[] = [];
    let documents: readonly Constructed[] = [];
    try {
      documents = construct(yaml.text, yaml.events, faults);
    } catch (error) {
      if (!(error instanceof ConstructError)) throw error;
      this.#documents++;
      faults.push(structureFault(error.fault, text));
    }
    for (const fault of faults) this.#reportFault(piece, lines, fault);
    for (const [index, document] of documents.entries()) this.#readDocument(piece, lines, index, document);
  }

  /** JSON values one after another, which YAML does not know. */
  #readParts(piece: Piece, lines: LineTable, parts: readonly { start: number; end: number }[]): void {
    for (const part of parts.slice(0, MAX_DOCUMENTS)) {
      const { line, column } = inFile(piece, lines.at(part.start));
      const bounds = { start: piece.start + part.start, end: piece.start + part.end };
      this.#readPiece({ ...piece, ...bounds, line, column }, false);
    }
    const beyond = parts[MAX_DOCUMENTS];
    if (beyond !== undefined) this.#reportBeyond(inFile(piece, lines.at(beyond.start)));
  }

  #readDocument(piece: Piece, lines: LineTable, index: number, document: Constructed): void {
    const start = document.offset === 0 ? { line: 1, column: 1 } : lines.at(document.offset);
    const sourceAt = (path: FieldPath): PieceSource =>
      new PieceSource(piece, index, path, path.length > 0 ? undefined : piece.line + start.line - 1);
    const reading = readObjects(document.value, document.hasNull, sourceAt);
    if (reading.is === 'empty') return;
    this.#documents++;
    if (reading.is === 'other') {
      this.#skipped++;
      if (this.#strictFiles) {
        this.#report(() => inFile(piece, start), {
          check: 'NotAnObject',
          message: 'the document is not a Kubernetes object: it has no apiVersion and kind',
          hint: 'List the file in .meshignore to leave it out.',
        });
      }
      return;
    }
    for (const object of reading.objects) this.#objects.push(object);
    for (const { path, ...fault } of reading.faults) {
      this.#report(() => sourceAt([]).locate(path), { check: 'NotAnObject', ...fault });
    }
  }

  #reportFault(piece: Piece, lines: LineTable, { offset, ...fault }: Fault): void {
    this.#report(() => inFile(piece, lines.at(offset)), fault);
  }

  #reportBeyond(position: Position): void {
    this.#report(() => position, {
      message: `the file has more than ${MAX_DOCUMENTS} documents; the rest is not read`,
      hint: 'Split it into several files.',
    });
  }

  #report(
    position: () => Position,
    { check = 'Syntax', message, hint }: { check?: Problem['check']; message: string; hint?: string },
  ): void {
    if (this.#problems.length >= MAX_PROBLEMS) {
      this.#unlisted++;
      return;
    }
    this.#problems.push({
      check,
      level: 'Error',
      file: this.#file,
      ...position(),
      message: printable(message),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
