/** Text in columns. What comes from panels and customers is shown without its control characters: a terminal obeys them. */

export type Cell = string | number | null;

const widestCell = 72;

/** `text` on one line, with nothing in it that a terminal would obey. */
export const plain = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

const show = (cell: Cell): string => (cell === null || cell === '' ? '-' : plain(String(cell)));

const width = (text: string): number => [...text].length;

const cut = (text: string): string => {
  const characters = [...text];
  return characters.length > widestCell ? `${characters.slice(0, widestCell - 1).join('')}…` : text;
};

/** Rows under their headings, columns aligned: numbers to the right, the rest to the left. Long texts are cut. */
export const table = (headings: string[], rows: Cell[][]): string => {
  const shown = rows.map((row) => row.map((cell) => cut(show(cell))));
  const columns = headings.map((heading, at) => ({
    width: Math.max(width(heading), ...shown.map((row) => width(row[at] ?? ''))),
    right: rows.length > 0 && rows.every((row) => typeof row[at] === 'number' || row[at] === null),
  }));
  const line = (cells: string[]) =>
    cells
      .map((cell, at) => {
        const column = columns[at]!;
        const space = ' '.repeat(Math.max(0, column.width - width(cell)));
        return column.right ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [headings.map((heading) => heading.toUpperCase()), ...shown].map(line).join('\n');
};

/** Facts about one thing, each on a line after its name. */
export const facts = (lines: [label: string, value: Cell][]): string => {
  const widest = Math.max(...lines.map(([label]) => width(label)));
  return lines.map(([label, value]) => `  ${label.padEnd(widest)}  ${show(value)}`).join('\n');
};
