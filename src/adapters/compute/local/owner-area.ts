import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AttemptLimit } from './attempt-limit.ts';
import { type TreeEntry, walkTree } from './file-tree.ts';
import { ownerPage, signInPage } from './owner-pages.ts';
import { messagePage, type Page, sendPage } from './page.ts';
import { verifyPassword } from './password-hash.ts';
import type { SitePaths } from './site-directories.ts';
import type { SiteState } from './site-state.ts';
import { checkToken, consumeToken, issueToken, revokeToken } from './token-files.ts';

/** Everything under `/.provisor/` on a site: signing in and out, and the administrator's page. */

export interface OwnerAreaContext {
  site: SiteState;
  paths: SitePaths;
  attempts: AttemptLimit;
}

export const ownerAreaPath = '/.provisor/';

const cookieName = 'provisor_session';
const sessionSeconds = 8 * 3_600;
const mostFormBytes = 4_096;

const usedLink = 'This sign-in link has been used already or has expired. You can sign in with your password.';

const notAllowed = (allow: string): Page =>
  messagePage(405, 'Not allowed', 'This page does not take that kind of request.', { Allow: allow });

const redirect = (cookie: string): Page =>
  messagePage(303, 'One moment', 'You are being taken to your page.', {
    Location: ownerAreaPath,
    'Set-Cookie': cookie,
  });

const sessionCookie = (request: IncomingMessage, token: string, seconds: number): string => {
  const secure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  return `${cookieName}=${token}; Path=${ownerAreaPath}; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
};

const sessionToken = (request: IncomingMessage): string =>
  (request.headers.cookie ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1) ?? '';

const startSession = async (
  request: IncomingMessage,
  { site, paths }: OwnerAreaContext,
  username: string,
): Promise<Page> => {
  const expiresAt = Date.now() + sessionSeconds * 1_000;
  const token = await issueToken(paths.sessions, { username, expiresAt, loginId: site.login?.id ?? null });
  return redirect(sessionCookie(request, token, sessionSeconds));
};

// A form on another site must not be able to sign a visitor in or out here.
const isFromHere = ({ headers }: IncomingMessage): boolean => {
  if (headers.origin === undefined) return true;
  const host = headers['x-forwarded-host'] ?? headers.host;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === host;
};

const readForm = async (request: IncomingMessage): Promise<URLSearchParams | null> => {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not `for await`: leaving that early would destroy the connection before the refusal is sent.
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostFormBytes) resolve(null);
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(new URLSearchParams(Buffer.concat(chunks).toString('utf8'))));
    request.on('error', reject);
  });
};

const signIn = async (request: IncomingMessage, context: OwnerAreaContext): Promise<Page> => {
  const { site, attempts } = context;
  if (!isFromHere(request)) return messagePage(403, 'Not allowed', 'Please sign in on this site itself.');
  const form = await readForm(request);
  if (!form) return messagePage(400, 'Bad request', 'This form cannot be read.', { Connection: 'close' });

  const waitSeconds = attempts.take(site.name);
  if (waitSeconds !== null) {
    const page = signInPage(site, 429, 'Too many attempts. Please wait a minute and try again.');
    return { ...page, headers: { 'Retry-After': waitSeconds } };
  }
  const username = form.get('username') ?? '';
  const isRight =
    site.login !== null &&
    (await verifyPassword(form.get('password') ?? '', site.login.passwordHash)) &&
    username === site.login.username;
  if (!isRight) return signInPage(site, 401, 'The user name or the password is wrong.');
  attempts.forgive(site.name);
  return startSession(request, context, username);
};

const logIn = async (request: IncomingMessage, context: OwnerAreaContext): Promise<Page> => {
  if (request.method === 'POST') return signIn(request, context);
  // Not HEAD either: whoever only looks must not use the link up.
  if (request.method !== 'GET') return notAllowed('GET, POST');
  const token = new URLSearchParams(request.url?.split('?')[1] ?? '').get('token');
  if (token === null) return signInPage(context.site);
  const grant = await consumeToken(context.paths.logins, token);
  return grant ? startSession(request, context, grant.username) : signInPage(context.site, 403, usedLink);
};

const logOut = async (request: IncomingMessage, { paths }: OwnerAreaContext): Promise<Page> => {
  if (request.method !== 'POST') return notAllowed('POST');
  if (!isFromHere(request)) return messagePage(403, 'Not allowed', 'Please sign out on this site itself.');
  await revokeToken(paths.sessions, sessionToken(request));
  return redirect(sessionCookie(request, '', 0));
};

const home = async (request: IncomingMessage, { site, paths }: OwnerAreaContext): Promise<Page> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD');
  const grant = await checkToken(paths.sessions, sessionToken(request));
  if (!grant || grant.loginId !== (site.login?.id ?? null)) return signInPage(site);
  const entries: TreeEntry[] = [];
  for await (const entry of walkTree(paths.www)) entries.push(entry);
  return ownerPage(site, grant.username, entries);
};

const pageFor = async (path: string, request: IncomingMessage, context: OwnerAreaContext): Promise<Page> => {
  switch (path) {
    case ownerAreaPath:
      return home(request, context);
    case `${ownerAreaPath}login`:
      return logIn(request, context);
    case `${ownerAreaPath}logout`:
      return logOut(request, context);
    case ownerAreaPath.slice(0, -1):
      return messagePage(301, 'Moved', 'This page has moved.', { Location: ownerAreaPath });
    default:
      return messagePage(404, 'Not found', 'There is no such page.');
  }
};

/** Whether a request's path belongs to the owner area rather than to the site's files. */
export const isOwnerArea = (path: string): boolean =>
  path === ownerAreaPath.slice(0, -1) || path.startsWith(ownerAreaPath);

export const serveOwnerArea = async (
  request: IncomingMessage,
  response: ServerResponse,
  context: OwnerAreaContext,
): Promise<void> => {
  const [path = ''] = (request.url ?? '').split('?', 1);
  sendPage(request, response, await pageFor(path, request, context));
};
