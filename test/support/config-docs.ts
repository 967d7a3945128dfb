/** What deploy/configuration.md and .env.example say of the configuration, made from the one schema that the program reads it by. */
import { z } from 'zod';
import { schema } from '../../src/config.ts';

interface Variable {
  name: string;
  /** As it is typed; empty when there is none. */
  fallback: string;
  meaning: string;
}

export const variables: Variable[] = Object.entries(
  z.toJSONSchema(schema, { io: 'input' }).properties as Record<string, { default?: unknown; description?: string }>,
).map(([name, { default: fallback, description = '' }]) => ({
  name,
  fallback: fallback === undefined ? '' : String(fallback),
  meaning: description,
}));

const quoted = (text: string): string => (text === '' ? '' : `\`${text}\``);

const row = (cells: string[], widths: number[]): string =>
  `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;

/** The table of deploy/configuration.md, from its headings to its last row. */
export const configTable = (): string => {
  const rows = [
    ['Variable', 'Default', 'Meaning'],
    ...variables.map(({ name, fallback, meaning }) => [quoted(name), quoted(fallback), meaning]),
  ];
  // The last column is not filled up: a long meaning would make every line as long.
  const widths = [0, 1].map((at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  const [headings = '', ...lines] = rows.map((cells) => row(cells, widths));
  return [headings, row([...widths.map((width) => '-'.repeat(width)), '-------'], widths), ...lines].join('\n');
};

/** Puts the table in the place of the one that the page has. Errors: when it has none. */
export const withConfigTable = (page: string): string => {
  const old = /\| Variable +\| Default +\| Meaning[^\n]*\n(?:\|[^\n]*\n)+/;
  if (!old.test(page)) throw new Error('The page has no table of variables');
  return page.replace(old, () => `${configTable()}\n`);
};

export const envExample = (): string =>
  `${[
    '# Every variable that Provisor reads, with its default. Copy this file to `.env` and take the `#` off what you\n' +
      '# change. What is set in the environment wins over the file.',
    ...variables.map(({ name, fallback, meaning }) => `# ${meaning}\n#${name}=${fallback}`),
  ].join('\n\n')}\n`;
