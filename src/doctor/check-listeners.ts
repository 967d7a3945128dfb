/** Whether a server answers where the configuration says that one listens. */
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Config } from '../config.ts';
import { bad, type Finding, good, note } from './finding.ts';

/** Errors that the resolver makes of an answer; all others mean that none came. */
const answeredWith = new Set(['ENODATA', 'ENOTFOUND', 'EREFUSED', 'ESERVFAIL', 'ENOTIMP', 'EFORMERR']);

/** An address that reaches a listener on `host` from this machine. */
const reachable = async (host: string): Promise<string> => {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '::1';
  return isIP(host) !== 0 ? host : (await lookup(host)).address;
};

const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

interface Answer {
  status: number;
  /** Empty when it is no JSON object. */
  body: { status?: unknown; checks?: unknown };
}

const parseObject = (text: string): Answer['body'] => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
};

/** Null when no answer came. */
const ask = async (url: string, timeoutMs: number): Promise<Answer | null> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    return { status: response.status, body: parseObject(await response.text()) };
  } catch {
    return null;
  }
};

/** What of the server's own checks is not ok. */
const troubles = ({ checks }: Answer['body']): string =>
  Object.entries(typeof checks === 'object' && checks !== null ? checks : {})
    .filter(([, state]) => state !== 'ok')
    .map(([name, state]) => `${name} ${state}`)
    .join(', ');

/** The API. `runs` says whether it makes sense to ask the other ports. */
const checkServer = async (
  address: string,
  port: number,
  timeoutMs: number,
): Promise<{ runs: boolean; finding: Finding }> => {
  const check = 'server';
  const url = `http://${inUrl(address)}:${port}`;
  const health = await ask(`${url}/health`, timeoutMs);
  if (!health) return { runs: false, finding: bad(check, `No server answers on ${url}.`, 'provisor serve') };
  if (health.status !== 200 || health.body.status !== 'ok') {
    const finding = `What answers on ${url} is not Provisor (status ${health.status}).`;
    const remedy = 'Stop the other program, or set PROVISOR_PORT to a free port.';
    return { runs: false, finding: bad(check, finding, remedy) };
  }
  const ready = await ask(`${url}/ready`, timeoutMs);
  const trouble = ready ? troubles(ready.body) : '';
  if (ready?.status !== 200) {
    const finding = `The server on ${url} lives and is not ready: ${trouble || 'it does not say why'}.`;
    return { runs: true, finding: bad(check, finding, "Look at what is not ok; the server's log says more.") };
  }
  if (trouble !== '') return { runs: true, finding: note(check, `The server on ${url} is ready, but: ${trouble}.`) };
  return { runs: true, finding: good(check, `The server answers on ${url} and is ready.`) };
};

const silent = (check: string, port: number, variable: string): Finding =>
  bad(
    check,
    `Port ${port} does not answer, though the server runs.`,
    `See whether ${variable} is the one that the server was started with, and start it again.`,
  );

const checkSites = async (address: string, port: number, timeoutMs: number): Promise<Finding> =>
  (await ask(`http://${inUrl(address)}:${port}/`, timeoutMs))
    ? good('sites', `Port ${port} answers.`)
    : silent('sites', port, 'PROVISOR_SITES_PORT');

const checkDns = async (address: string, port: number, domain: string, timeoutMs: number): Promise<Finding> => {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  resolver.setServers([`${inUrl(address)}:${port}`]);
  const answered = await resolver.resolveSoa(domain).then(
    () => true,
    (error: NodeJS.ErrnoException) => answeredWith.has(error.code ?? ''),
  );
  return answered ? good('dns', `Port ${port} answers.`) : silent('dns', port, 'PROVISOR_DNS_PORT');
};

const anyFree = (check: string, variable: string): Finding =>
  note(check, `${variable} is 0, any free port, so it cannot be asked from here.`);

/** Looks at the API's port and, when a server runs, at those of the local adapters. */
export const checkListeners = async (config: Config, timeoutMs = 3_000): Promise<Finding[]> => {
  const { PROVISOR_PORT: port, PROVISOR_SITES_PORT: sitesPort, PROVISOR_DNS_PORT: dnsPort } = config;
  if (port === 0) return [anyFree('server', 'PROVISOR_PORT')];
  const address = await reachable(config.PROVISOR_HOST).catch(() => null);
  if (address === null) {
    return [bad('server', 'PROVISOR_HOST is a name without an address.', 'Set it to an address of this machine.')];
  }
  const { runs, finding } = await checkServer(address, port, timeoutMs);
  const findings = [finding];
  if (!runs) return findings;
  if (config.PROVISOR_PROXY === 'local') {
    findings.push(
      sitesPort === 0 ? anyFree('sites', 'PROVISOR_SITES_PORT') : await checkSites(address, sitesPort, timeoutMs),
    );
  }
  if (config.PROVISOR_DNS === 'local') {
    const domain = config.PROVISOR_SITE_DOMAIN;
    findings.push(
      dnsPort === 0 ? anyFree('dns', 'PROVISOR_DNS_PORT') : await checkDns(address, dnsPort, domain, timeoutMs),
    );
  }
  return findings;
};
