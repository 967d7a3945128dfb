/** Whether what others are to be told gets out. */
import type { Provisor } from '../app.ts';
import { formatDuration } from '../kit/duration.ts';
import { bad, type Finding } from './finding.ts';

type Backlog = Awaited<ReturnType<Provisor['deliveries']['backlog']>>;

/** Longer than a lease, after which another process goes on. */
const nobodyMs = 180_000;
/** By then it has been tried four times. */
const lateMs = 3_600_000;

/** What is wrong with a channel in which something waits; nothing when it goes out in its time. */
export const checkBacklog = (
  check: string,
  { services, oldestMs, overdueMs }: Backlog,
  words: { what: string; remedy: string },
): Finding[] => {
  if (services > 0 && overdueMs > nobodyMs) {
    return [
      bad(
        check,
        `${words.what} have been due for ${formatDuration(overdueMs)}, and nobody sends them.`,
        'Run a server with PROVISOR_WORKERS above 0.',
      ),
    ];
  }
  if (oldestMs <= lateMs) return [];
  const of = `${services} ${services === 1 ? 'service' : 'services'}`;
  return [bad(check, `${words.what} of ${of} wait, the oldest for ${formatDuration(oldestMs)}.`, words.remedy)];
};
