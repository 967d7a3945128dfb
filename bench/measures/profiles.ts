/** Where the time goes, for whoever wants to know what is left to win. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../src/kit/ids.ts';
import type { Findings, Line } from '../harness/findings.ts';
import { putLoadOn } from '../harness/load.ts';
import { bearer, type Measure } from '../harness/measure.ts';
import { profiled, type Shares, sharesOf } from '../harness/profile.ts';
import { figureOf } from '../harness/statistics.ts';
import type { World } from '../harness/world.ts';
import { engineRate } from './engine.ts';
import { sitesInTurn } from './get-site.ts';

const leastShare = 0.02;

const linesOf = (of: string, { parts }: Shares): Line[] =>
  parts
    .filter(({ share }) => share >= leastShare)
    .map(({ name, share }) => ({ subject: `${of}: ${name}`, figures: { '% of CPU': figureOf([share * 100]) } }));

const noteOf = (of: string, { functions }: Shares): string =>
  `The largest single functions of ${of}: ${functions
    .slice(0, 6)
    .map(({ name, share }) => `${name} ${(share * 100).toFixed(1)} %`)
    .join(', ')}.`;

/** A server writes its profile when it ends. */
const profileGets = async (world: World, seconds: number): Promise<Shares> => {
  const folder = await mkdtemp(join(tmpdir(), 'provisor-profile-'));
  try {
    const server = await world.startProvisor({
      environment: { PROVISOR_WORKERS: '0' },
      nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
    });
    try {
      // Long enough that the start is a small part of it.
      const load = { wishes: sitesInTurn(world.services), headers: bearer(world), connections: 16 };
      await putLoadOn(server.url, { ...load, seconds: seconds * 3 });
    } finally {
      await server.stop();
    }
    const [file] = await readdir(folder);
    if (file === undefined) throw new Error('The server left no profile');
    return sharesOf(JSON.parse(await readFile(join(folder, file), 'utf8')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const profiles: Measure = {
  name: 'profiles',
  title: 'Where our time goes: self time in V8’s CPU profile',
  run: async (world, { seconds, smoke }): Promise<Findings> => {
    const count = smoke ? 20 : 300;
    await engineRate(world, count, `p${newId()}`);
    let ofEngine: Shares = { parts: [], functions: [] };
    await engineRate(world, count, `q${newId()}`, async (work) => {
      ofEngine = await profiled(work);
    });
    const ofGets = await profileGets(world, seconds);
    return {
      lines: [...linesOf('engine', ofEngine), ...linesOf('get a site', ofGets)],
      claims: [],
      notes: [
        'One run of each, for the shares and not for the speed; parts below two hundredths are left out. A server with its start and then gets of sites.',
        noteOf('the engine', ofEngine),
        noteOf('getting a site', ofGets),
      ],
    };
  },
};
