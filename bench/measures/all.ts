import type { Measure } from '../harness/measure.ts';
import { getSite } from './get-site.ts';
import { twoWorkers } from './two-workers.ts';

/** In the order in which they run. The last one makes the tables large. */
export const measures: readonly Measure[] = [getSite, twoWorkers];
