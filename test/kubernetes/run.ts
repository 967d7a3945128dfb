/** `npm run test:kubernetes`: one control plane for all its test files, then the usual runner. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startControlPlane } from '../support/control-plane/start.ts';
import { planeVariable } from '../support/kubernetes.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const began = performance.now();
const plane = await startControlPlane(say);
say(`A control plane of Kubernetes was ready in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
const given = process.argv.slice(2);
const hasPattern = given.some((arg) => !arg.startsWith('-'));
const args = [
  fileURLToPath(new URL('../run.ts', import.meta.url)),
  '--file-timeout=900',
  ...(hasPattern ? given : [...given, 'test/kubernetes/**/*.test.ts']),
];
const child = spawn(process.execPath, args, {
  stdio: 'inherit',
  env: { ...process.env, [planeVariable]: plane.kubeconfig },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
const [code] = (await once(child, 'exit')) as [number | null];
await plane.stop();
process.exitCode = code ?? 1;
