/**
 * The small pages that a visitor sees instead of a site, as bytes: every reverse
 * proxy that can serve a page of its own serves these.
 */
import { createHash } from 'node:crypto';
import { escapeHtml } from './html.ts';

export interface VisitorPage {
  status: number;
  title: string;
  text: string;
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
}

export const visitorPages = {
  badRequest: { status: 400, title: 'Bad request', text: 'The address of this request cannot be understood.' },
  unknown: {
    status: 404,
    title: 'No site here',
    text: 'There is no site at this address. Check the spelling of its name.',
  },
  stopped: {
    status: 503,
    title: 'This site is switched off',
    text: 'Its owner has stopped it for now. Please come back later.',
    retryAfter: 300,
  },
  suspended: {
    status: 503,
    title: 'This site is suspended',
    text: 'If it is yours, please contact your hosting provider.',
    retryAfter: 3_600,
  },
  unreachable: {
    status: 502,
    title: 'This site does not answer',
    text: 'It may be starting. Please try again in a moment.',
    retryAfter: 10,
  },
  tooSlow: { status: 504, title: 'This site took too long', text: 'Please try again in a moment.', retryAfter: 30 },
} satisfies Record<string, VisitorPage>;

const style = `
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5b6475;--paper:#f6f7f9}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--soft:#a0a9ba;--paper:#14181f}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:1rem/1.6 system-ui,sans-serif}
main{max-width:32rem;padding:2rem;text-align:center}h1{font-size:1.6rem;margin:0 0 .5rem}p{margin:.25rem 0;color:var(--soft)}
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/** The page as it is sent. `hostname` is shown on it; its length is left to whoever sends it. */
export const renderVisitorPage = (
  { status, title, text, retryAfter }: VisitorPage,
  hostname = '',
): { status: number; headers: Record<string, string>; body: string } => {
  const shown = hostname ? `<p>${escapeHtml(hostname)}</p>` : '';
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'`,
      'X-Content-Type-Options': 'nosniff',
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${shown}</main></body></html>
`,
  };
};
