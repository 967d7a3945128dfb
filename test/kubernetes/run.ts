/**
 * `npm run test:kubernetes`: one control plane for all, then the usual runner, first on
 * the tests of the adapters, then on the suites over HTTP with sites and routes in the
 * cluster.
 *
 *   npm run test:kubernetes [-- [--flag=value …] [pattern …]]
 *
 * With a pattern only those files run, as PROVISOR_TEST_ADAPTERS has it. With --quick
 * only what promises most for its time runs, and only where the servers are built already.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { hasBinaries } from '../support/control-plane/build.ts';
import { startControlPlane } from '../support/control-plane/start.ts';
import { planeVariable } from '../support/kubernetes.ts';

interface Part {
  patterns: string[];
  environment?: Record<string, string>;
}

const quick = '--quick';
const quickFiles = ['conformance', 'lifecycle', 'in-cluster', 'deploy'];
const whole: Part[] = [
  { patterns: ['test/kubernetes/**/*.test.ts'] },
  { patterns: ['test/api/**/*.test.ts'], environment: { PROVISOR_TEST_ADAPTERS: 'kubernetes' } },
];

const say = (line: string) => process.stdout.write(`${line}\n`);
const given = process.argv.slice(2);
const flags = given.filter((arg) => arg.startsWith('-') && arg !== quick);
const patterns = given.filter((arg) => !arg.startsWith('-'));

const partsOf = (): Part[] => {
  if (patterns.length > 0) return [{ patterns }];
  return given.includes(quick) ? [{ patterns: quickFiles.map((name) => `test/kubernetes/${name}.test.ts`) }] : whole;
};

let running: ReturnType<typeof spawn> | undefined;
let ended: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    ended = signal;
    running?.kill(signal);
  });

const run = async (): Promise<number> => {
  const began = performance.now();
  const plane = await startControlPlane(say);
  try {
    say(`A control plane of Kubernetes was ready in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    const runner = [fileURLToPath(new URL('../run.ts', import.meta.url)), '--file-timeout=900', ...flags];
    for (const part of partsOf()) {
      if (ended) return 1;
      running = spawn(process.execPath, [...runner, ...part.patterns], {
        stdio: 'inherit',
        env: { ...process.env, ...part.environment, [planeVariable]: plane.kubeconfig },
      });
      const [code] = (await once(running, 'exit')) as [number | null];
      if (code !== 0) return code ?? 1;
    }
    return 0;
  } finally {
    await plane.stop();
  }
};

if (given.includes(quick) && !(await hasBinaries()))
  say(
    '\n>>> The servers of Kubernetes are not built: its tests are LEFT OUT. `npm run test:kubernetes` builds them once, in some minutes, and runs all of it.\n',
  );
else process.exitCode = await run();
