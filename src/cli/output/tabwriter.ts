/** Tables exactly as Go's text/tabwriter prints them, for output that scripts compare with istioctl's. */

/**
 * Rows of cells, each column as wide as its longest cell and `padding` spaces more. The last cell of a row is not
 * padded, but one before an empty last cell is. A column is wide only as far as neighbouring rows have it.
 */
export function tabwriter(rows: readonly (readonly string[])[], padding: number): string {
  const lines = rows.map(() => '');
  layOut(rows, lines, { from: 0, to: rows.length, column: 0, padding });
  return lines.map((line) => `${line}\n`).join('');
}

interface Block {
  readonly from: number;
  readonly to: number;
  readonly column: number;
  readonly padding: number;
}

/** Fills in one column of a block of rows, and those to its right. */
function layOut(rows: readonly (readonly string[])[], lines: string[], block: Block): void {
  const { column, padding } = block;
  let row = block.from;
  while (row < block.to) {
    const cells = rows[row] ?? [];
    if (column >= cells.length - 1) {
      lines[row] += cells[column] ?? '';
      row++;
      continue;
    }
    let end = row;
    let width = 0;
    while (end < block.to && column < (rows[end]?.length ?? 0) - 1) {
      width = Math.max(width, lengthOf(rows[end]?.[column] ?? ''));
      end++;
    }
    for (let line = row; line < end; line++) {
      const cell = rows[line]?.[column] ?? '';
      lines[line] += cell + ' '.repeat(width + padding - lengthOf(cell));
    }
    layOut(rows, lines, { from: row, to: end, column: column + 1, padding });
    row = end;
  }
}

/** In characters, as Go counts them. */
function lengthOf(text: string): number {
  // Most cells are plain ASCII, whose length needs no count.
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return [...text].length;
  }
  return text.length;
}
