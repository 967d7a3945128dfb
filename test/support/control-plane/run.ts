/** `npm run control-plane`: one to look around in, until it is ended with Ctrl-C. */
import { startControlPlane } from './start.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const ended = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve);
});
const plane = await startControlPlane(say);
say(`Ready: export KUBECONFIG=${plane.kubeconfig}`);
await ended;
await plane.stop();
