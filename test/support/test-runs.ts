import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const runner = fileURLToPath(new URL('../run.ts', import.meta.url));

/**
 * The usual runner in processes of its own, one after the other, and what each ended with. A signal ends the one under
 * way, and none begins after it.
 */
export const createTestRuns = () => {
  let running: ReturnType<typeof spawn> | undefined;
  let ended = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      ended = true;
      running?.kill(signal);
    });
  return async (args: string[], environment: Record<string, string> = {}): Promise<number> => {
    if (ended) return 1;
    running = spawn(process.execPath, [runner, ...args], { stdio: 'inherit', env: { ...process.env, ...environment } });
    const [code] = (await once(running, 'exit')) as [number | null];
    return code ?? 1;
  };
};
