import type { TreeEntry } from './file-tree.ts';
import { escapeHtml, type Page } from './page.ts';
import { diskLimit, type SiteState } from './site-state.ts';

/** `/.provisor/` as its administrator sees it, and the form that lets him in. */

const mostListed = 200;

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A size in the largest unit that leaves at least 1 of it. */
export const formatBytes = (bytes: number): string => {
  const unit = Math.min(bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};

const row = (entry: TreeEntry): string =>
  `<tr><td>${escapeHtml(entry.path)}${entry.kind === 'link' ? ' (link)' : ''}</td><td>${formatBytes(entry.bytes)}</td></tr>`;

export const ownerPage = (site: SiteState, username: string, entries: TreeEntry[]): Page => {
  const files = entries.filter((entry) => entry.kind !== 'directory');
  const used = files.reduce((bytes, entry) => bytes + entry.bytes, 0);
  const unlisted = files.length - mostListed;
  return {
    status: 200,
    title: site.hostname,
    html: `<dl><dt>Signed in as</dt><dd>${escapeHtml(username)}</dd>
<dt>Plan</dt><dd>${escapeHtml(site.plan)}</dd>
<dt>Disk</dt><dd>${formatBytes(used)} of ${formatBytes(diskLimit(site))}</dd></dl>
<table><thead><tr><th>File</th><th>Size</th></tr></thead><tbody>${files.slice(0, mostListed).map(row).join('')}</tbody></table>
${unlisted > 0 ? `<p class="soft">and ${unlisted} more</p>` : ''}
<form method="post" action="/.provisor/logout"><p><button>Sign out</button></p></form>`,
  };
};

export const signInPage = (site: SiteState, status = 200, fault = ''): Page => ({
  status,
  title: `Sign in to ${site.hostname}`,
  html: `${fault ? `<p class="fault" role="alert">${escapeHtml(fault)}</p>` : ''}
<form method="post" action="/.provisor/login">
<label>User name <input name="username" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form>`,
});
