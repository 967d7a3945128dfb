import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from './write-file-atomically.ts';

/**
 * Random tokens that grant something until they expire. Each is one file, named
 * after the token's hash, so that who reads the directory cannot use them.
 */

const grantSchema = z.object({ username: z.string(), expiresAt: z.number(), loginId: z.string().nullable() });

/** Whom a token signs in, until when (epoch milliseconds), and which password was set when it was issued. */
export type Grant = z.infer<typeof grantSchema>;

const tokenForm = /^[A-Za-z0-9_-]{43}$/;
const leftoverMs = 3_600_000;

const fileOf = (dir: string, token: string): string => join(dir, createHash('sha256').update(token).digest('hex'));

const readGrant = async (path: string): Promise<Grant | null> => {
  try {
    return grantSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
};

const isOver = async (path: string): Promise<boolean> => {
  const grant = await readGrant(path);
  if (grant) return grant.expiresAt <= Date.now();
  // Possibly a file that is being written right now.
  const stats = await stat(path).catch(() => null);
  return stats !== null && stats.mtimeMs < Date.now() - leftoverMs;
};

/** Makes a token and removes those that have expired. */
export const issueToken = async (dir: string, grant: Grant): Promise<string> => {
  for (const entry of await readdir(dir)) {
    const path = join(dir, entry);
    if (await isOver(path)) await rm(path, { force: true });
  }
  const token = randomBytes(32).toString('base64url');
  const path = fileOf(dir, token);
  await writeFileAtomically(path, `${path}.new`, JSON.stringify(grant));
  return token;
};

/** What the token grants, or null when it is unknown or has expired. */
export const checkToken = async (dir: string, token: string): Promise<Grant | null> => {
  const grant = tokenForm.test(token) ? await readGrant(fileOf(dir, token)) : null;
  return grant && grant.expiresAt > Date.now() ? grant : null;
};

/** The same, and uses the token up: of callers at the same time, in whatever process, one gets the grant. */
export const consumeToken = async (dir: string, token: string): Promise<Grant | null> => {
  const grant = await checkToken(dir, token);
  if (!grant) return null;
  try {
    await unlink(fileOf(dir, token));
    return grant;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** Removes a token before its time. */
export const revokeToken = async (dir: string, token: string): Promise<void> => {
  if (tokenForm.test(token)) await rm(fileOf(dir, token), { force: true });
};
