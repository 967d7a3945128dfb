import type { z } from 'zod';
import { type Clock, sleep } from '../../../kit/clock.ts';
import type { ProxmoxApi } from './api-client.ts';
import type { Container } from './containers.ts';
import { failure, leftUnderWay, refusedWith } from './failure.ts';
import { current } from './schema.ts';
import type { Tasks } from './tasks.ts';

/**
 * Switching containers on and off. The task of a container under high
 * availability only hands the wish to its manager and ends at once; so what
 * counts is not how a task ended but what the container does.
 */
export interface Power {
  look(container: Pick<Container, 'path'>, signal: AbortSignal): Promise<Current>;
  /** Running already is a success, and so on below. */
  start(container: Container, signal: AbortSignal): Promise<void>;
  shutdown(container: Container, graceSeconds: number, signal: AbortSignal): Promise<void>;
  /** At once, without asking what runs in it. */
  stop(container: Container, signal: AbortSignal): Promise<void>;
  /** A stopped one is started. */
  reboot(container: Container, graceSeconds: number, signal: AbortSignal): Promise<void>;
}

type Current = z.infer<typeof current>;
type State = Current['status'];

const pauseMs = 1_000;
/** How long the manager of high availability may take: it looks every 10 seconds. */
const patienceMs = 60_000;

export const createPower = ({ api, tasks, clock }: { api: ProxmoxApi; tasks: Tasks; clock: Clock }): Power => {
  const look: Power['look'] = ({ path }, signal) => api.get(`${path}/status/current`, current, signal);

  /** Has the task done; one whose end is not known is judged by the world. */
  const run = async (
    container: Container,
    action: 'start' | 'shutdown' | 'stop' | 'reboot',
    fields: Record<string, number>,
    signal: AbortSignal,
  ): Promise<void> => {
    const upid = await api.change('POST', `${container.path}/status/${action}`, fields, signal);
    if (upid !== null) await tasks.finish(upid, signal);
  };

  const become = async (container: Container, wished: State, begin: () => Promise<void>, signal: AbortSignal) => {
    const before = await look(container, signal);
    if (before.status === wished) return;
    try {
      await begin();
    } catch (error) {
      if (signal.aborted) throw error;
      // "already running", "not running": somebody was faster. And what became of a lost task is seen on the container.
      if ((await look(container, signal)).status === wished) return;
      throw error;
    }
    const began = clock.monotonic();
    while ((await look(container, signal)).status !== wished) {
      if (clock.monotonic() - began > patienceMs) {
        throw failure('unknown_outcome', `CT ${container.vmid} was asked to be ${wished} and is not yet`);
      }
      await sleep(clock, pauseMs, signal);
      if (signal.aborted) throw leftUnderWay(`The change of CT ${container.vmid} to ${wished}`);
    }
  };

  const start: Power['start'] = (container, signal) =>
    become(container, 'running', () => run(container, 'start', {}, signal), signal);

  return {
    look,
    start,
    shutdown: (container, graceSeconds, signal) =>
      become(
        container,
        'stopped',
        () => run(container, 'shutdown', { timeout: Math.ceil(graceSeconds), forceStop: 1 }, signal),
        signal,
      ),
    stop: (container, signal) => become(container, 'stopped', () => run(container, 'stop', {}, signal), signal),
    reboot: async (container, graceSeconds, signal) => {
      if ((await look(container, signal)).status === 'running') {
        try {
          await run(container, 'reboot', { timeout: Math.ceil(graceSeconds) }, signal);
        } catch (error) {
          if (!refusedWith(error, /not running/)) throw error;
        }
      }
      // Also when it had ended by itself meanwhile.
      await start(container, signal);
    },
  };
};
