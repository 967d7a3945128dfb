import type { Measure } from '../harness/measure.ts';
import { createSite } from './create-site.ts';
import { createLocal, engine, wakeUp } from './engine.ts';
import { getSite } from './get-site.ts';
import { growth } from './growth.ts';
import { listSites } from './list-sites.ts';
import { otherCalls } from './other-calls.ts';
import { pathsMeasure } from './paths.ts';
import { profiles } from './profiles.ts';
import { start } from './start.ts';
import { twoWorkers } from './two-workers.ts';
import { waiters } from './waiters.ts';

/** In the order in which they run. The last one makes the most rows. */
export const measures: readonly Measure[] = [
  getSite,
  twoWorkers,
  listSites,
  otherCalls,
  createSite,
  pathsMeasure,
  engine,
  createLocal,
  wakeUp,
  waiters,
  start,
  profiles,
  growth,
];
