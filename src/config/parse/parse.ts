/** The pure half of loading: the text of a file in, its objects and its problems out. */

import type { FieldPath } from '../../base/field-path.ts';
import { printable } from '../../base/printable.ts';
import type { MeshObject, Position } from '../object.ts';
import { MAX_DOCUMENTS, MAX_PROBLEMS } from './bounds.ts';
import { ConstructError, construct } from './construct.ts';
import type { Constructed, Fault } from './construct.ts';
import { splitJson } from './json.ts';
import { readObjects } from './objects.ts';
import { describeSyntaxError, positionOf } from './problem.ts';
import type { Problem } from './problem.ts';
import { PieceSource, inFile } from './source.ts';
import type { Piece } from './source.ts';
import { countLines, splitDocuments } from './split.ts';
import { parseYaml } from './yaml.ts';
import type { ParsedYaml } from './yaml.ts';

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
    if (beyond !== undefined) {
      this.#report({
        line: beyond.line,
        column: 1,
        message: `the file has more than ${MAX_DOCUMENTS} documents; the rest is not read`,
        hint: 'Split it into several files.',
      });
    }
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
    let yaml: ParsedYaml;
    try {
      yaml = parseYaml(text);
    } catch (error) {
      const parts = mayHoldSeveral ? splitJson(text) : [];
      if (parts.length > 1) {
        this.#readParts(piece, text, parts);
      } else {
        this.#documents++;
        this.#reportFault(piece, text, describeSyntaxError(error, text));
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
      faults.push(error.fault);
    }
    for (const fault of faults) this.#reportFault(piece, text, fault);
    for (const [index, document] of documents.entries()) this.#readDocument(piece, text, index, document);
  }

  /** JSON values one after another, which YAML does not know. */
  #readParts(piece: Piece, text: string, parts: readonly { start: number; end: number }[]): void {
    let line = piece.line;
    let column = piece.column;
    let from = 0;
    for (const part of parts.slice(0, MAX_DOCUMENTS)) {
      const lines = countLines(text, from, part.start);
      line += lines;
      column =
        lines > 0
          ? positionOf(text.slice(from, part.start), part.start - from).column
          : column + part.start - from;
      from = part.start;
      this.#readPiece(
        { ...piece, start: piece.start + part.start, end: piece.start + part.end, line, column },
        false,
      );
    }
  }

  #readDocument(piece: Piece, text: string, index: number, document: Constructed): void {
    const sourceAt = (path: FieldPath): PieceSource =>
      new PieceSource(
        piece,
        index,
        path,
        path.length > 0 ? undefined : piece.line + countLines(text, 0, document.offset),
      );
    const reading = readObjects(document.value, document.hasNull, sourceAt);
    if (reading.is === 'empty') return;
    this.#documents++;
    if (reading.is === 'other') {
      this.#skipped++;
      if (this.#strictFiles) {
        this.#report({
          check: 'NotAnObject',
          ...inFile(piece, positionOf(text, document.offset)),
          message: 'the document is not a Kubernetes object: it has no apiVersion and kind',
          hint: 'List the file in .meshignore to leave it out.',
        });
      }
      return;
    }
    for (const object of reading.objects) this.#objects.push(object);
    for (const fault of reading.faults) {
      this.#report({
        check: 'NotAnObject',
        ...sourceAt([]).locate(fault.path),
        message: fault.message,
        hint: fault.hint,
      });
    }
  }

  #reportFault(piece: Piece, text: string, fault: Fault): void {
    this.#report({
      ...inFile(piece, positionOf(text, fault.offset)),
      message: fault.message,
      hint: fault.hint,
    });
  }

  #report(
    problem: Position & { check?: Problem['check']; message: string; hint?: string | undefined },
  ): void {
    if (this.#problems.length >= MAX_PROBLEMS) {
      this.#unlisted++;
      return;
    }
    const { check, line, column, message, hint } = problem;
    this.#problems.push({
      check: check ?? 'Syntax',
      level: 'Error',
      file: this.#file,
      line,
      column,
      message: printable(message),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
