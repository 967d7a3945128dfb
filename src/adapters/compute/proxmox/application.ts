import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, sleep } from '../../../kit/clock.ts';
import { ProviderError } from '../../../kit/errors.ts';
import type { ComputeProvider, ComputeRef } from '../../../ports/compute.ts';
import type { Container, Containers } from './containers.ts';
import { busy, failure, leftUnderWay, oneLine } from './failure.ts';
import type { Guest } from './guest.ts';
import type { Power } from './power.ts';

/**
 * WordPress in a container. An installation takes minutes and a call only
 * seconds, so it is begun there, in a process of its own, and then looked at.
 */
type ApplicationMethods = Pick<ComputeProvider, 'install' | 'setPassword' | 'createLoginLink'>;

export interface ApplicationDeps {
  containers: Containers;
  power: Power;
  guest: Guest;
  clock: Clock;
  /** What is run in the container to install the application; the one beside this file when not given. */
  installScript?: string | undefined;
}

const read = (name: string): string => readFileSync(new URL(`./scripts/${name}`, import.meta.url), 'utf8');

const scripts = {
  probe: read('probe.sh'),
  begin: read('begin-install.sh'),
  install: read('install-wordpress.sh'),
  setPassword: read('set-password.sh'),
  loginLink: read('create-login-link.sh'),
  loginPlugin: read('provisor-login.php'),
};

/** Milliseconds before each of the six looks: two minutes in all. */
const pollPausesMs = [1_000, 4_000, 10_000, 15_000, 40_000, 50_000];

/** One line for a script. A line break would make two of it. */
const line = (what: string, text: string): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) throw failure('invalid', `${what} has to be one line of text`);
  return text;
};

export const createApplication = (deps: ApplicationDeps): ApplicationMethods => {
  const { containers, power, guest, clock, installScript = scripts.install } = deps;

  /** What the container says of the installation; `starting` while it does not take commands yet. */
  const probe = async (container: Container, signal: AbortSignal): Promise<{ state: string; detail: string }> => {
    try {
      const [state = '', ...detail] = (await guest.run(container, scripts.probe, [], signal)).split('\n');
      return { state, detail: oneLine(detail.join(' ')) };
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'invalid')
        return { state: 'starting', detail: error.message };
      throw error;
    }
  };

  const requireRunning = async (ref: ComputeRef, signal: AbortSignal): Promise<Container> => {
    const container = await containers.require(ref, signal);
    if ((await power.look(container, signal)).status === 'running') return container;
    throw failure('invalid', `The site ${ref.name} does not run`);
  };

  return {
    install: async (ref, app, signal) => {
      const data = [
        line('The host name', app.hostname),
        line('The address of the administrator', app.adminEmail),
        line('The plan', app.plan),
        installScript,
        scripts.loginPlugin,
      ];
      const container = await requireRunning(ref, signal);
      let hasBegun = false;
      let last = { state: 'starting', detail: '' };
      for (const pauseMs of [0, ...pollPausesMs]) {
        if (pauseMs > 0) await sleep(clock, pauseMs, signal);
        if (signal.aborted) throw leftUnderWay('The installation');
        last = await probe(container, signal);
        if (last.state === 'installed') return;
        // What an earlier call left behind is tried once more; what this one began has had its chance.
        if (last.state === 'failed' && hasBegun) {
          throw failure('invalid', `The application could not be installed: ${last.detail}`);
        }
        if (last.state === 'failed' || last.state === 'ready') {
          // Begun twice it runs once: it holds a lock in the container.
          await guest.run(container, scripts.begin, data, signal);
          hasBegun = true;
        }
      }
      throw busy(`The application is not installed yet (${oneLine(`${last.state} ${last.detail}`)})`);
    },

    setPassword: async (ref, { username, password }, signal) => {
      const data = [line('The user name', username), line('The password', password)];
      await guest.run(await requireRunning(ref, signal), scripts.setPassword, data, signal);
    },

    createLoginLink: async (ref, { ttlSeconds }, signal) => {
      if (!(ttlSeconds > 0)) throw failure('invalid', 'A sign-in link must be valid for some time');
      const token = randomBytes(32).toString('base64url');
      // The site keeps the hash only: who reads its database cannot sign in.
      const hash = createHash('sha256').update(token).digest('hex');
      const data = [hash, String(Math.ceil(ttlSeconds)), scripts.loginPlugin];
      await guest.run(await requireRunning(ref, signal), scripts.loginLink, data, signal);
      return { path: `/?provisor-login=${token}` };
    },
  };
};
