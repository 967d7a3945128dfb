/** `npm start`: serves until it is told to end. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Compiled code is kept between starts, which saves a quarter of a second and some memory. Where it cannot be
// written nothing is lost. Not in the common temporary directory, where others could put code of theirs.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/provisor', import.meta.url)));

const { endWith, runServer } = await import('./run-server.ts');
await runServer().catch(endWith);
