import { type Clock, sleep } from '../../../kit/clock.ts';
import { ProviderError } from '../../../kit/errors.ts';
import type { Log } from '../../../kit/log.ts';
import type { ProxmoxApi } from './api-client.ts';
import { failure, kindOfReason, leftUnderWay, oneLine } from './failure.ts';
import { tasks as taskList, taskLog, taskStatus } from './schema.ts';

/**
 * Most changes are tasks: Proxmox answers at once with a UPID, and the work goes
 * on in a process of its node. `UPID:node:pid:pstart:starttime:type:id:user:`.
 */
export interface Tasks {
  /**
   * Waits for the end of the task. Errors: what the end means, told by the last
   * line of its log; `unknown_outcome` when the task cannot be found any more (its
   * node was started anew) or nobody waits any longer.
   */
  finish(upid: string, signal: AbortSignal): Promise<void>;
  /** Waits until no task is at work on the container any more, however they end. */
  quiet(node: string, vmid: number, signal: AbortSignal): Promise<void>;
}

const pausesMs = { first: 200, last: 2_000 };
/** A node that is started anew is away for this many looks in a row before its tasks count as lost. */
const patience = 5;
const logLines = 500;

export const createTasks = ({ api, clock, log }: { api: ProxmoxApi; clock: Clock; log: Log }): Tasks => {
  const pathOf = (upid: string): string => `/nodes/${upid.split(':')[1]}/tasks/${encodeURIComponent(upid)}`;
  const typeOf = (upid: string): string => upid.split(':')[5] ?? 'task';

  /** The last line of the task's log is what an operator would read first. */
  const lastLine = async (upid: string, instead: string, signal: AbortSignal): Promise<string> => {
    try {
      const lines = await api.get(`${pathOf(upid)}/log`, taskLog, signal, { limit: logLines });
      const last = lines.findLast(({ t }) => t?.trim());
      return oneLine((last?.t ?? instead).replace(/^TASK ERROR: /, ''));
    } catch {
      return oneLine(instead);
    }
  };

  /** Null while its node does not answer. Errors: `unknown_outcome` when the task is not known any more. */
  const look = async (upid: string, signal: AbortSignal) => {
    try {
      return await api.get(`${pathOf(upid)}/status`, taskStatus, signal);
    } catch (error) {
      if (signal.aborted) throw leftUnderWay(typeOf(upid));
      if (error instanceof ProviderError && error.kind === 'unavailable') return null;
      if (!(error instanceof ProviderError) || error.kind !== 'not_found') throw error;
      throw failure('unknown_outcome', `${typeOf(upid)} cannot be found any more: nobody knows how it ended`);
    }
  };

  const finish: Tasks['finish'] = async (upid, signal) => {
    let silent = 0;
    for (let pause = pausesMs.first; ; pause = Math.min(pause * 2, pausesMs.last)) {
      if (signal.aborted) throw leftUnderWay(typeOf(upid));
      const task = await look(upid, signal);
      silent = task ? 0 : silent + 1;
      if (silent === patience) throw failure('unknown_outcome', `${typeOf(upid)}: its node does not answer any more`);
      if (task?.status === 'stopped') {
        const { exitstatus = 'unexpected status' } = task;
        if (exitstatus === 'OK') return;
        const line = await lastLine(upid, exitstatus, signal);
        if (!/^WARNINGS: \d+$/.test(exitstatus)) {
          throw failure(kindOfReason(exitstatus), `${typeOf(upid)} failed: ${line}`);
        }
        // Done, with something to be said about it.
        log.warn({ upid, line }, 'A task of Proxmox ended with warnings');
        return;
      }
      await sleep(clock, pause, signal);
    }
  };

  return {
    finish,
    quiet: async (node, vmid, signal) => {
      const active = await api.get(`/nodes/${node}/tasks`, taskList, signal, { source: 'active', vmid });
      for (const { upid } of active) {
        // How it ended is seen on the container afterwards.
        await finish(upid, signal).catch((error: unknown) => {
          if (signal.aborted) throw error;
          log.debug({ upid, err: error }, 'A task that was waited for did not end well');
        });
      }
    },
  };
};
