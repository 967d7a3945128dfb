import { lstat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../../kit/ids.ts';
import type { ComputeProvider, SiteSpec } from '../../../ports/compute.ts';
import { treeBytes } from './file-tree.ts';
import { ownerAreaPath } from './owner-area.ts';
import { formatBytes } from './owner-pages.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { existing, failure, type SiteCalls } from './site-calls.ts';
import type { SiteDirectories } from './site-directories.ts';
import { diskLimit, type SiteState } from './site-state.ts';
import { starterFile } from './starter-page.ts';
import { issueToken } from './token-files.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/** The life of a site from `create` to `destroy`, and who may sign in on it. */
type SiteMethods = Omit<
  ComputeProvider,
  'id' | 'capabilities' | 'upstream' | 'createSnapshot' | 'listSnapshots' | 'deleteSnapshot' | 'rollback'
>;

// Together with the rest of the sign-in form, and percent-encoded, they fit into its 4 KiB.
const mostUsernameBytes = 128;
const mostPasswordBytes = 512;

const newState = (spec: SiteSpec): SiteState => {
  const now = Date.now();
  return { ...spec, createdAt: now, startedAt: now, installedAt: null, login: null };
};

const isThere = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

const checkLogin = ({ username, password }: { username: string; password: string }): void => {
  const isFine = (text: string, most: number) => text !== '' && Buffer.byteLength(text) <= most;
  if (!isFine(username, mostUsernameBytes)) throw failure('invalid', `A user name has 1 to ${mostUsernameBytes} bytes`);
  if (!isFine(password, mostPasswordBytes)) throw failure('invalid', `A password has 1 to ${mostPasswordBytes} bytes`);
};

export const createSites = (directories: SiteDirectories, calls: SiteCalls): SiteMethods => {
  const { change, changeExisting, look } = calls;

  const start = async (site: SiteState): Promise<void> => {
    if (site.startedAt === null) await directories.write({ ...site, startedAt: Date.now() });
  };

  return {
    create: (spec, signal) =>
      change(spec.name, signal, async (site) => {
        if (site === 'missing') return directories.create(newState(spec));
        const { owner } = existing(site, spec.name);
        if (owner.panel !== spec.owner.panel || owner.service !== spec.owner.service) {
          throw failure('conflict', `The site ${spec.name} belongs to another service`);
        }
        return start(existing(site, spec.name));
      }),

    install: (ref, app, signal) =>
      changeExisting(ref.name, signal, async (site) => {
        if (site.installedAt !== null) return;
        const { www, temporary } = directories.paths(ref.name);
        const index = join(www, 'index.html');
        if (!(await isThere(index))) {
          const bytes = (await treeBytes(www)) + Buffer.byteLength(starterFile);
          if (bytes > diskLimit(site)) {
            throw failure(
              'invalid',
              `With the starter page the site would have ${formatBytes(bytes)}, and its plan allows ${formatBytes(diskLimit(site))}`,
            );
          }
          await writeFileAtomically(index, temporary, starterFile);
        }
        await directories.write({ ...site, hostname: app.hostname, installedAt: Date.now() });
      }),

    status: (ref, signal) =>
      look(signal, async () => {
        const found = await directories.read(ref.name);
        if (found === 'missing') return { state: 'missing' };
        const { startedAt } = existing(found, ref.name);
        const common = { node: hostname(), diskBytes: await treeBytes(directories.paths(ref.name).www) };
        if (startedAt === null) return { state: 'stopped', ...common };
        return {
          state: 'running',
          ...common,
          uptimeSeconds: Math.max(0, Math.floor((Date.now() - startedAt) / 1_000)),
        };
      }),

    start: (ref, signal) => changeExisting(ref.name, signal, start),

    // A site is only files: nothing of it runs on between two requests, so there is no grace to give.
    stop: (ref, _options, signal) =>
      changeExisting(ref.name, signal, async (site) => {
        if (site.startedAt !== null) await directories.write({ ...site, startedAt: null });
      }),

    restart: (ref, signal) =>
      changeExisting(ref.name, signal, (site) => directories.write({ ...site, startedAt: Date.now() })),

    resize: (ref, { memoryMb, diskMb, plan }, signal) =>
      changeExisting(ref.name, signal, (site) => {
        const resources = { memoryMb, diskMb: Math.max(diskMb, site.resources.diskMb) };
        return directories.write({ ...site, plan, resources });
      }),

    destroy: (ref, signal) =>
      change(ref.name, signal, async (site) => {
        if (site === 'missing') return;
        existing(site, ref.name);
        await directories.remove(ref.name);
      }),

    setPassword: (ref, login, signal) =>
      changeExisting(ref.name, signal, async (site) => {
        checkLogin(login);
        const { username, password } = login;
        const isSet = site.login?.username === username && (await verifyPassword(password, site.login.passwordHash));
        if (isSet) return;
        await directories.write({
          ...site,
          login: { id: newId(), username, passwordHash: await hashPassword(password) },
        });
      }),

    createLoginLink: (ref, { ttlSeconds }, signal) =>
      changeExisting(ref.name, signal, async (site) => {
        if (!(ttlSeconds > 0)) throw failure('invalid', 'A sign-in link must be valid for some time');
        const grant = {
          username: site.login?.username ?? site.email,
          expiresAt: Date.now() + ttlSeconds * 1_000,
          loginId: site.login?.id ?? null,
        };
        const token = await issueToken(directories.paths(ref.name).logins, grant);
        return { path: `${ownerAreaPath}login?token=${token}` };
      }),

    list: (signal) =>
      look(signal, async () => {
        const sites = await Promise.all((await directories.names()).map((name) => directories.read(name)));
        return sites.flatMap((site) =>
          typeof site === 'string' ? [] : [{ name: site.name, createdAt: site.createdAt }],
        );
      }),
  };
};
