/** What `/metrics` says, as data. */
export interface Figure {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Throws on a line that is none. */
export const readFigures = (text: string): Figure[] =>
  text
    .split('\n')
    .filter((row) => row !== '' && !row.startsWith('#'))
    .map((row) => {
      const [, name, labels = '', value] = line.exec(row) ?? [];
      if (name === undefined || Number.isNaN(Number(value === '+Inf' ? Number.POSITIVE_INFINITY : value)))
        throw new Error(`Not a line of figures: ${row}`);
      return {
        name,
        labels: Object.fromEntries([...labels.matchAll(label)].map(([, key = '', text = '']) => [key, text])),
        value: Number(value),
      };
    });

/** The sum of the figures of that name that have these labels; null when there is none. */
export const figure = (figures: Figure[], name: string, labels: Record<string, string> = {}): number | null => {
  const found = figures.filter(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
};
