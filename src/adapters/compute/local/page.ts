import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The frame of the pages that we show on a site. Everything in them is escaped, and nothing but their style is allowed to load. */

const style = `
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5b6475;--paper:#f6f7f9;--card:#fff;--line:#dde1e8;--accent:#2257d6}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--soft:#a0a9ba;--paper:#14181f;--card:#1c222c;--line:#313948;--accent:#8fb1ff}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:1rem/1.6 system-ui,sans-serif;overflow-wrap:anywhere}
main{box-sizing:border-box;width:min(36rem,100%);margin:2rem 0;padding:2rem;background:var(--card);
border:1px solid var(--line);border-radius:.75rem}
h1{font-size:1.5rem;margin:0 0 .75rem}p{margin:.5rem 0}.soft,dt,th{color:var(--soft);font-weight:400}
.fault{color:#c22b2b}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}dd{margin:0}
table{width:100%;border-collapse:collapse}td,th{text-align:left;padding:.25rem 0;border-top:1px solid var(--line)}
td:last-child,th:last-child{text-align:right;white-space:nowrap}label{display:block;margin:.75rem 0}
input{box-sizing:border-box;display:block;width:100%;padding:.5rem;font:inherit;color:inherit;background:var(--paper);
border:1px solid var(--line);border-radius:.4rem}
button{padding:.5rem 1rem;font:inherit;color:var(--card);background:var(--accent);border:0;border-radius:.4rem}
a{color:var(--accent)}
`;

const styleHash = createHash('sha256').update(style).digest('base64');

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** `text` for use inside an element or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character]!);

export interface Page {
  status: number;
  title: string;
  /** Inner HTML of the page below its title; already escaped. */
  html: string;
  headers?: OutgoingHttpHeaders;
}

/** A page of one sentence. */
export const messagePage = (status: number, title: string, text: string, headers: OutgoingHttpHeaders = {}): Page => ({
  status,
  title,
  html: `<p>${escapeHtml(text)}</p>`,
  headers,
});

export const sendPage = (request: IncomingMessage, response: ServerResponse, page: Page): void => {
  const title = escapeHtml(page.title);
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${style}</style></head>
<body><main><h1>${title}</h1>${page.html}</main></body></html>
`;
  response.writeHead(page.status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    ...page.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
};
