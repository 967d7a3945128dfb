import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProviderError } from '../../../kit/errors.ts';
import { isSiteState, parseSiteState, type SiteState } from './site-state.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/**
 * The directories of the sites, `<dataDir>/sites/<name>/`:
 *
 *     site.json          how the site is wished for
 *     www/               its data
 *     snapshots/<name>/  copies of www
 *     logins/ sessions/  hashes of tokens that sign its administrator in
 *
 * Whatever is half made or half removed has a name that begins with a dot,
 * which no site and no snapshot can have. Who holds the site's lock may take
 * such a leftover for the trace of a crash, and `recover` does.
 */
export interface SiteDirectories {
  readonly root: string;
  paths(name: string): SitePaths;
  /** `foreign`: something of that name is there and is not a site of ours. */
  read(name: string): Promise<SiteState | 'missing' | 'foreign'>;
  write(state: SiteState): Promise<void>;
  create(state: SiteState): Promise<void>;
  remove(name: string): Promise<void>;
  /** Finishes or undoes what a crash left half done. Only under the site's lock. */
  recover(name: string): Promise<void>;
  /** Names with something to recover. */
  damaged(): Promise<string[]>;
  names(): Promise<string[]>;
}

export interface SitePaths {
  site: string;
  state: string;
  www: string;
  /** The data that is about to become `www`. */
  wwwNew: string;
  /** The data that `www` has just been. */
  wwwOld: string;
  snapshots: string;
  logins: string;
  sessions: string;
  /** For a file on its way to its place. */
  temporary: string;
}

const newPrefix = '.new-';
const trashPrefix = '.trash-';
const siteName = /^[a-z0-9-]{1,63}$/;

/** Throws `invalid` unless `name` can be a site's, and so a directory's. */
export const checkSiteName = (name: string): void => {
  if (!siteName.test(name)) throw new ProviderError('compute/local', 'invalid', 'That cannot be the name of a site');
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

const isDirectory = async (path: string): Promise<boolean | null> => {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

const entriesOf = async (path: string): Promise<string[]> => {
  try {
    return await readdir(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 });

const readState = async (path: string): Promise<SiteState | null> => {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO'].includes(codeOf(error))) return null;
    throw error;
  }
  try {
    return (await file.stat()).isFile() ? parseSiteState(await file.readFile('utf8')) : null;
  } finally {
    await file.close();
  }
};

export const createSiteDirectories = (dataDir: string): SiteDirectories => {
  const root = join(dataDir, 'sites');

  const pathsIn = (site: string): SitePaths => ({
    site,
    state: join(site, 'site.json'),
    www: join(site, 'www'),
    wwwNew: join(site, '.www-new'),
    wwwOld: join(site, '.www-old'),
    snapshots: join(site, 'snapshots'),
    logins: join(site, 'logins'),
    sessions: join(site, 'sessions'),
    temporary: join(site, '.temporary'),
  });

  const paths = (name: string): SitePaths => {
    checkSiteName(name);
    return pathsIn(join(root, name));
  };

  const writeInto = async ({ state: path, temporary }: SitePaths, state: SiteState): Promise<void> => {
    if (!isSiteState(state)) throw new ProviderError('compute/local', 'invalid', 'A site cannot be like that');
    await writeFileAtomically(path, temporary, `${JSON.stringify(state, null, 2)}\n`);
  };

  const read: SiteDirectories['read'] = async (name) => {
    const { site, state: path } = paths(name);
    const directory = await isDirectory(site);
    if (directory === null) return 'missing';
    const state = directory ? await readState(path) : null;
    if (state?.name === name) return state;
    // Gone between the two looks: removed by someone else, not foreign.
    return (await isDirectory(site)) === null ? 'missing' : 'foreign';
  };

  const recoverInside = async (own: SitePaths): Promise<void> => {
    const there = await entriesOf(own.site);
    if (!there.includes('www')) {
      // A rollback that stopped between its two renames never happened.
      if (there.includes('.www-old')) await rename(own.wwwOld, own.www);
      else await mkdir(own.www, { recursive: true });
    }
    for (const entry of there) if (entry.startsWith('.')) await remove(join(own.site, entry));
    for (const entry of await entriesOf(own.snapshots)) {
      if (entry.startsWith('.')) await remove(join(own.snapshots, entry));
    }
  };

  return {
    root,
    paths,
    read,
    write: (state) => writeInto(paths(state.name), state),
    create: async (state) => {
      const target = paths(state.name);
      const temporary = pathsIn(join(root, `${newPrefix}${state.name}`));
      for (const dir of [temporary.www, temporary.snapshots, temporary.logins, temporary.sessions]) {
        await mkdir(dir, { recursive: true, mode: 0o700 });
      }
      await writeInto(temporary, state);
      await rename(temporary.site, target.site);
    },
    remove: async (name) => {
      const trash = join(root, `${trashPrefix}${name}`);
      await rename(paths(name).site, trash);
      await remove(trash);
    },
    recover: async (name) => {
      for (const prefix of [newPrefix, trashPrefix]) await remove(join(root, `${prefix}${name}`));
      if (typeof (await read(name)) === 'object') await recoverInside(paths(name));
    },
    damaged: async () => {
      const found = new Set<string>();
      for (const entry of await entriesOf(root)) {
        const leftover = /^\.(?:new|trash)-(.+)$/.exec(entry)?.[1];
        if (leftover !== undefined && siteName.test(leftover)) found.add(leftover);
        if (!siteName.test(entry) || typeof (await read(entry)) !== 'object') continue;
        const inside = [...(await entriesOf(paths(entry).site)), ...(await entriesOf(paths(entry).snapshots))];
        if (!inside.includes('www') || inside.some((inner) => inner.startsWith('.'))) found.add(entry);
      }
      return [...found];
    },
    names: async () => (await entriesOf(root)).filter((entry) => siteName.test(entry)),
  };
};
