import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messagePage, sendPage } from './page.ts';
import type { SiteState } from './site-state.ts';
import { isStarterFile, starterPage } from './starter-page.ts';

/** Serves a site's own files. No path and no link leads outside its `www`. */

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.xml': 'application/xml',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

const notThere = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'ENXIO', 'EISDIR'];
const starterBytes = 4_096;

const notFound = messagePage(404, 'Not found', 'There is no such page on this site.');
const badPath = messagePage(400, 'Bad request', 'The address of this page cannot be understood.');

/** The decoded segments of a request's path; null when it means anything but plain names. */
export const pathSegments = (url: string): string[] | null => {
  const [path] = url.split('?', 1);
  if (!path?.startsWith('/')) return null;
  try {
    const segments = path.slice(1).split('/').map(decodeURIComponent);
    const isOdd = (segment: string, index: number) =>
      segment === '.' ||
      segment === '..' ||
      (segment === '' && index < segments.length - 1) ||
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character has no place in a path
      /[/\\\u0000-\u001f\u007f]/.test(segment);
    return segments.some(isOdd) ? null : segments;
  } catch {
    return null;
  }
};

const openInside = async (www: string, segments: string[]): Promise<FileHandle | null> => {
  try {
    const path = await realpath(join(www, ...segments));
    if (path !== www && !path.startsWith(www + sep)) return null;
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (notThere.includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
};

const sendFile = async (
  request: IncomingMessage,
  response: ServerResponse,
  file: FileHandle,
  options: { name: string; site: SiteState },
): Promise<void> => {
  const stats = await file.stat();
  const type = contentTypes[extname(options.name).toLowerCase()] ?? 'application/octet-stream';
  const small = type.startsWith('text/html') && stats.size <= starterBytes ? await file.readFile() : null;
  if (small && isStarterFile(small)) {
    sendPage(request, response, starterPage(options.site));
    return;
  }
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': small?.length ?? stats.size,
    'Last-Modified': stats.mtime.toUTCString(),
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  });
  if (request.method === 'HEAD' || small || stats.size === 0)
    response.end(request.method === 'HEAD' ? undefined : small);
  // Ends where the file ended when its length was announced, should it grow meanwhile.
  else await pipeline(file.createReadStream({ start: 0, end: stats.size - 1, autoClose: false }), response);
};

/** Answers with the file that the path names; with `index.html` for a directory. `www` must have no link in it. */
export const serveFile = async (
  request: IncomingMessage,
  response: ServerResponse,
  { www, site }: { www: string; site: SiteState },
): Promise<void> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendPage(request, response, messagePage(405, 'Not allowed', 'This page can only be read.', { Allow: 'GET, HEAD' }));
    return;
  }
  const segments = pathSegments(request.url ?? '');
  if (!segments) {
    sendPage(request, response, badPath);
    return;
  }
  // `.git`, `.env` and the like are put there by mistake.
  const isHidden = segments.some((segment) => segment.startsWith('.') && segment !== '.well-known');
  const wantsDirectory = segments.at(-1) === '';
  const names = wantsDirectory ? [...segments.slice(0, -1), 'index.html'] : segments;

  const file = isHidden ? null : await openInside(www, names);
  if (!file) {
    sendPage(request, response, notFound);
    return;
  }
  try {
    const stats = await file.stat();
    if (stats.isDirectory() && !wantsDirectory) {
      const location = `/${segments.map(encodeURIComponent).join('/')}/`;
      sendPage(request, response, messagePage(301, 'Moved', 'This page has moved.', { Location: location }));
    } else if (stats.isFile()) {
      await sendFile(request, response, file, { name: names.at(-1)!, site });
    } else {
      sendPage(request, response, notFound);
    }
  } finally {
    await file.close();
  }
};
