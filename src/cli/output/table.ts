/** Tables: columns padded with spaces, as Go's tabwriter makes them. */

const GAP = 5;

/** A header and rows; the last column is not padded. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) =>
    lines.reduce((width, line) => Math.max(width, line[column]?.length ?? 0), 0),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + GAP)))
        .join(''),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
