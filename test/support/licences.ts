/** Under which licences the packages stand that run with us or build us. `deploy/licences.md` is written from it. */
import { existsSync, readFileSync } from 'node:fs';

/** Licences that let everybody use, change and pass on, with no more to do than to keep the notice. */
export const allowedLicences = new Set([
  '(MIT OR CC0-1.0)',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MIT OR Apache-2.0',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
]);

/** Packages that do not say it in package.json, and what their licence file says. */
const bySight: Record<string, string> = {
  cardinal: 'MIT',
  'cpu-features': 'MIT',
  ssh2: 'MIT',
};

interface Locked {
  version: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
}

export interface Licensed {
  name: string;
  version: string;
  licence: string;
  /** It is needed to build and test only. */
  dev: boolean;
}

const root = new URL('../../', import.meta.url);

const licenceOf = (place: string, name: string, { license }: Locked): string => {
  if (license) return license;
  const file = new URL(`${place}/package.json`, root);
  const said = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { license?: unknown; licenses?: { type: string }[] })
    : {};
  if (typeof said.license === 'string') return said.license;
  return said.licenses?.map(({ type }) => type).join(' OR ') || bySight[name] || 'unknown';
};

/** Every package of package-lock.json, by name. */
export const licences = (): Licensed[] => {
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const found = new Map<string, Licensed>();
  for (const [place, locked] of Object.entries(packages)) {
    if (place === '' || locked.link) continue;
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const one = { name, version: locked.version, licence: licenceOf(place, name, locked), dev: locked.dev === true };
    found.set(`${name} ${locked.version}`, one);
  }
  return [...found.values()].sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
};

/** The list as a page. */
export const licencesPage = (): string => {
  const table = (list: Licensed[]) =>
    ['| package | version | licence |', '| --- | --- | --- |']
      .concat(list.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`))
      .join('\n');
  const all = licences();
  return `# Licences of what Provisor is built from

Written by \`npm run generate\` from \`package-lock.json\`; a test compares it, and fails on a licence that is not in the list of \`test/support/licences.ts\`.

## What runs

${table(all.filter(({ dev }) => !dev))}

## What builds and tests it

${table(all.filter(({ dev }) => dev))}
`;
};
