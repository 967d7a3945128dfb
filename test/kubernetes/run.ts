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
import { hasBinaries } from '../support/control-plane/build.ts';
import { startControlPlane } from '../support/control-plane/start.ts';
import { planeVariable } from '../support/kubernetes.ts';
import { createTestRuns } from '../support/test-runs.ts';

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

const runTests = createTestRuns();

const run = async (): Promise<number> => {
  const began = performance.now();
  const plane = await startControlPlane(say);
  try {
    say(`A control plane of Kubernetes was ready in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    for (const { patterns, environment } of partsOf()) {
      const args = ['--file-timeout=900', ...flags, ...patterns];
      const code = await runTests(args, { ...environment, [planeVariable]: plane.kubeconfig });
      if (code !== 0) return code;
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
