/**
 * `npm run advisories`: what is known against the packages of package-lock.json. Every finding is either mended, or stands in
 * deploy/advisories.json with the reason why it does not reach us; a line there that is not found any more must go.
 * A registry that has no such service is said in one line: that is no finding, and no clean bill either.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Via {
  url: string;
  title: string;
  severity: string;
  name: string;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const accepted = JSON.parse(readFileSync(new URL('../deploy/advisories.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
const answer = JSON.parse(stdout || '{}') as {
  vulnerabilities?: Record<string, { via: (Via | string)[] }>;
  message?: string;
  error?: { summary?: string };
};
if (!answer.vulnerabilities) {
  say(
    `NOT LOOKED AT: the registry does not answer npm audit (${answer.message ?? answer.error?.summary ?? 'no answer'}).`,
  );
} else {
  const found = new Map<string, Via>();
  for (const { via } of Object.values(answer.vulnerabilities)) {
    for (const one of via) if (typeof one !== 'string') found.set(one.url, one);
  }
  const open = [...found.values()].filter(({ url }) => !Object.hasOwn(accepted, url));
  const stale = Object.keys(accepted).filter((url) => !found.has(url));
  for (const { severity, name, title, url } of open) say(`${severity}: ${name}: ${title} (${url})`);
  for (const url of stale) say(`not found any more, take it out of deploy/advisories.json: ${url}`);
  say(`npm audit: ${found.size} found, ${found.size - open.length} explained.`);
  process.exitCode = open.length + stale.length > 0 ? 1 : 0;
}
