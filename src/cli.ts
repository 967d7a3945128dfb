#!/usr/bin/env node
/** `provisor`: what an operator does from a shell. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// As in main.ts, and for a command it is most of the time that it takes.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/provisor', import.meta.url)));

const { runCli } = await import('./run-cli.ts');
await runCli(process.argv.slice(2));
