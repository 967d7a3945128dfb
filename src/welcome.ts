/** What a newcomer reads first: that it runs, and the one command that makes a site. */
import { relative } from 'node:path';

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const shortest = (file: string): string => {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
};

export const welcome = ({
  url,
  keyFile,
  firstSite,
  version,
}: {
  url: string;
  keyFile: string | null;
  firstSite: string;
  version: string;
}): string => {
  const lines = [
    `Provisor ${version} is ready.`,
    '',
    `  Dashboard  ${url}/`,
    `  API        ${url}`,
    `  Reference  ${url}/docs`,
  ];
  if (keyFile === null) return `${[...lines, '', 'Make a key with: provisor keys create <panel>'].join('\n')}\n`;
  return `${[
    ...lines,
    `  Key        ${shortest(keyFile)}`,
    '',
    'Make a first site:',
    '',
    `  curl -s ${url}/v1/sites -H "Authorization: Bearer $(cat ${quote(shortest(keyFile))})" \\`,
    `    -H 'Content-Type: application/json' -H 'Prefer: wait=20' \\`,
    `    -d '{"service_id":"1001","email":"alice@example.com","plan":"basic"}'`,
    '',
    `Then open ${firstSite}`,
    '',
  ].join('\n')}\n`;
};
