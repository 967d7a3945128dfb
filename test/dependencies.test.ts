import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowedLicences, licences, licencesPage } from './support/licences.ts';
import { production, read } from './support/sources.ts';

describe('The packages that Provisor is built from', () => {
  it('stand under licences that are allowed', () => {
    const others = licences().filter(({ licence }) => !allowedLicences.has(licence));
    assert.deepEqual(others, []);
  });

  it('are listed with their licences in deploy/licences.md (npm run generate writes it)', () => {
    assert.equal(read('deploy/licences.md'), licencesPage());
  });
});

/**
 * Whatever can run a command of the operating system, here or over SSH. A new place is a line here, after it was seen
 * that its commands are fixed and that what comes from a request is data: an argument that no shell reads, or stdin.
 */
const commandPlaces: Record<string, string> = {
  'src/adapters/compute/proxmox/guest.ts':
    'over SSH: `pct exec <number> -- bash -s`; scripts are files of ours, and values reach them as data on stdin',
  'src/adapters/proxy/nginx-ssh/connection.ts': 'over SSH: runs what conversation.ts hands it',
  'src/adapters/proxy/nginx-ssh/conversation.ts':
    'over SSH: one command, made from the configuration alone; names and files go over its stdin, counted in bytes',
};

describe('A command of the operating system', () => {
  const runsCommands =
    /from '(?:node:)?(?:child_process|worker_threads|vm|cluster)'|require\(['"](?:node:)?child_process|\bexecCommand\(|connection\.exec\(|\bnew Function\(|\beval\(|\bshell: true/;

  it('is run only where somebody has looked at what can get into it', () => {
    const places = production.filter((file) => runsCommands.test(read(file)));
    assert.deepEqual(places.sort(), Object.keys(commandPlaces).sort());
  });

  it('would be seen in any of the ways to run one', () => {
    for (const line of [
      "import { exec } from 'node:child_process';",
      "import { spawn } from 'child_process';",
      'await ssh.execCommand(command);',
      "import { Script } from 'node:vm';",
      'eval(text)',
    ])
      assert.match(line, runsCommands);
    assert.doesNotMatch("const found = /a/.exec('a'); database.exec('BEGIN');", runsCommands);
  });
});
