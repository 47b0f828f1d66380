/** The place of an object in its file, worked out on demand. */

import type { FieldPath } from '../../base/field-path.ts';
import type { DocumentSource, Position } from '../object.ts';
import { DocumentIndex } from './document-index.ts';

/** A piece of a file that can be parsed by itself. */
export interface Piece {
  readonly file: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Line and column of `start` in the file, from 1. */
  readonly line: number;
  readonly column: number;
}

/**
 * The index of the piece that was asked for last. One is enough, since findings come object by object, and
 * keeping more would make memory grow with the number of findings.
 */
let latest: { readonly piece: Piece; readonly index: DocumentIndex } | undefined;

function indexOf(piece: Piece): DocumentIndex {
  if (latest?.piece !== piece) {
    latest = { piece, index: new DocumentIndex(piece.text.slice(piece.start, piece.end)) };
  }
  return latest.index;
}

/** A place in a piece, as one in its file. */
export function inFile(piece: Piece, position: Position): Position {
  return {
    line: piece.line + position.line - 1,
    column: position.line === 1 ? piece.column + position.column - 1 : position.column,
  };
}

/** An object that is a document of a piece, or an item of a List in it. */
export class PieceSource implements DocumentSource {
  readonly #piece: Piece;
  readonly #document: number;
  readonly #base: FieldPath;
  #line: number | undefined;

  constructor(piece: Piece, document: number, base: FieldPath, line: number | undefined) {
    this.#piece = piece;
    this.#document = document;
    this.#base = base;
    this.#line = line;
  }

  get file(): string {
    return this.#piece.file;
  }

  get line(): number {
    this.#line ??= this.locate([]).line;
    return this.#line;
  }

  locate(path: FieldPath): Position {
    const full = this.#base.length === 0 ? path : [...this.#base, ...path];
    return inFile(this.#piece, indexOf(this.#piece).locate(this.#document, full));
  }
}
