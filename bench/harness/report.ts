/** The report: the same in Markdown and in JSON. */
import { mkdir, writeFile } from 'node:fs/promises';
import { type Claim, type Findings, isMet, type Line } from './findings.ts';
import type { Figure } from './statistics.ts';

export interface Section extends Findings {
  name: string;
  title: string;
  seconds: number;
}

export interface Report {
  machine: Record<string, string>;
  settings: Record<string, unknown>;
  sections: Section[];
}

const digits = (value: number): string => {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
};

const spread = ({ median, min, max, rounds }: Figure): string =>
  rounds === 1 ? digits(median) : `${digits(median)} (${digits(min)}–${digits(max)})`;

const goalText = ({ goal, unit = '' }: Claim): string => {
  if (!goal) return '';
  return 'most' in goal ? `≤ ${goal.most}${unit}` : `≥ ${goal.least}${unit}`;
};

const verdict = (claim: Claim): string => {
  const met = isMet(claim);
  return met === null ? '' : met ? 'met' : '**not met**';
};

const table = (heads: string[], rows: string[][]): string[] => [
  `| ${heads.join(' | ')} |`,
  `|${heads.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

const claimTable = (claims: Claim[]): string[] =>
  claims.length === 0
    ? []
    : [
        ...table(
          ['what', 'median (min–max)', 'goal', ''],
          claims.map((claim) => [
            claim.what,
            `${spread(claim.value)}${claim.unit ?? ''}`,
            goalText(claim),
            verdict(claim),
          ]),
        ),
        '',
      ];

const lineTable = (lines: Line[]): string[] => {
  const heads = [...new Set(lines.flatMap(({ figures }) => Object.keys(figures)))];
  if (heads.length === 0) return [];
  return [
    ...table(
      ['', ...heads],
      lines.map(({ subject, figures }) => [
        subject,
        ...heads.map((head) => (figures[head] ? spread(figures[head]) : '')),
      ]),
    ),
    '',
  ];
};

/** Of goals that are not met: where the rest goes. */
const restLines = (claims: Claim[]): string[] =>
  claims.flatMap((claim) =>
    isMet(claim) === false ? [`- **${claim.what}** is not met. ${claim.rest ?? 'Why has not been found out.'}`] : [],
  );

export const sectionText = ({ title, seconds, lines, claims, notes }: Section): string =>
  [
    `## ${title}`,
    '',
    ...claimTable(claims),
    ...lineTable(lines),
    ...notes.map((note) => `- ${note}`),
    '',
    `Took ${Math.round(seconds)} s.`,
    '',
  ].join('\n');

export const reportText = ({ machine, settings, sections }: Report): string => {
  const goals = sections.flatMap(({ claims }) => claims).filter(({ goal }) => goal);
  return [
    '# Benchmarks',
    '',
    'All figures are of one run on one machine, side by side, round by round. A ratio is taken in each round; shown are the median and, in brackets, the least and the most.',
    '',
    ...table(
      ['', ''],
      Object.entries({ ...machine, ...settings }).map(([name, value]) => [name, String(value)]),
    ),
    '',
    ...(goals.length > 0 ? ['## Goals', '', ...claimTable(goals), ...restLines(goals), ''] : []),
    ...sections.map(sectionText),
  ].join('\n');
};

/** Writes `report.md` and `report.json` into a folder. */
export const writeReport = async (report: Report, folder: URL): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('report.json', folder), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(new URL('report.md', folder), reportText(report));
};
