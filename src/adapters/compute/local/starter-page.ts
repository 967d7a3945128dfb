import { escapeHtml, type Page } from './page.ts';
import type { SiteState } from './site-state.ts';

const marker = '<!-- provisor starter page -->';

/**
 * The `index.html` of a new site. A file that begins with the marker is shown as
 * the starter page, made anew for every visit: so it names the plan that the
 * site has now, also after a change of plan or a rollback.
 */
export const starterFile = `${marker}
<!doctype html>
<title>Welcome</title>
<p>Your site is ready. Replace this file with your own.</p>
`;

/** Whether a file's content stands for the starter page. */
export const isStarterFile = (content: Buffer): boolean =>
  content.subarray(0, marker.length).toString('latin1') === marker;

export const starterPage = ({ hostname, plan }: SiteState): Page => ({
  status: 200,
  title: hostname,
  html: `<p>Your site is ready: put your own pages here and they take the place of this one.</p>
<p class="soft">Plan: ${escapeHtml(plan)}</p>`,
});
