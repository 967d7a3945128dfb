import { lstat, realpath } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Log } from '../../../kit/log.ts';
import { createAttemptLimit } from './attempt-limit.ts';
import { isOwnerArea, serveOwnerArea } from './owner-area.ts';
import { messagePage, sendPage } from './page.ts';
import { serveFile } from './serve-file.ts';
import type { SiteDirectories } from './site-directories.ts';

/** The `Host` by which the server knows a site. */
export const siteHost = (name: string): string => `${name}.compute.local`;

const unknown = messagePage(404, 'No site here', 'There is no site at this address.');
const stopped = messagePage(503, 'This site is switched off', 'Its owner has stopped it for now.', {
  'Retry-After': 300,
});
const broken = messagePage(500, 'Something went wrong', 'Please try again in a moment.');

export interface SiteHandlerOptions {
  directories: SiteDirectories;
  /** Puts a site right whose change was cut off, unless the change is still under way. */
  recover(name: string): Promise<void>;
  log: Log;
}

/** Answers requests for all sites, each found by its `Host`. State is read anew every time, so changes count at once. */
export const createSiteHandler = ({ directories, recover, log }: SiteHandlerOptions): RequestListener => {
  const attempts = createAttemptLimit({ most: 5, windowMs: 60_000 });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = /^([a-z0-9-]{1,63})\.compute\.local$/.exec(request.headers.host ?? '')?.[1];
    const site = name === undefined ? 'missing' : await directories.read(name);
    if (typeof site === 'string') {
      sendPage(request, response, unknown);
    } else if (site.startedAt === null) {
      sendPage(request, response, stopped);
    } else if (isOwnerArea(request.url?.split('?', 1)[0] ?? '')) {
      await serveOwnerArea(request, response, { site, paths: directories.paths(site.name), attempts });
    } else {
      // The real path of our own directory; what lies below is the customer's, and may be a link.
      const www = join(await realpath(directories.root), site.name, 'www');
      // Missing between the two renames of a rollback, or after a crash there.
      await lstat(www).catch(() => recover(site.name));
      await serveFile(request, response, { www, site });
    }
  };

  return (request, response) => {
    serve(request, response).catch((error) => {
      // A visitor who leaves in the middle is no fault of ours.
      if (!response.destroyed) log.error({ err: error }, 'a page of a local site could not be served');
      if (response.headersSent || response.destroyed) response.destroy();
      else sendPage(request, response, broken);
    });
  };
};
