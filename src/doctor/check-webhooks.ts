/** Whether panels get what they asked to be told. */
import type { Provisor } from '../app.ts';
import { formatDuration } from '../kit/duration.ts';
import { checkBacklog } from './check-deliveries.ts';
import { bad, type Finding, good, note } from './finding.ts';

const check = 'webhooks';
/** That are looked at, and named. */
const most = 20;

type Webhook = Awaited<ReturnType<Provisor['webhooks']['troubled']>>[number];

const named = (webhooks: Webhook[]): string => webhooks.map(({ id }) => id).join(', ');

export const checkWebhooks = async ({
  webhooks,
  panels,
  db,
}: {
  webhooks: Pick<Provisor['webhooks'], 'troubled' | 'backlog'>;
  panels: Pick<Provisor['panels'], 'nameOf'>;
  db: Pick<Provisor['db'], 'now' | 'knex'>;
}): Promise<Finding[]> => {
  const troubled = await webhooks.troubled(most);
  const of = (reason: Webhook['disabledReason']) => troubled.filter(({ disabledReason }) => disabledReason === reason);
  const [failing, disabled, gone] = [of(null), of('failing'), of('gone')];
  const panelOf = async ({ panelId }: Webhook) => (await panels.nameOf(db.knex, panelId)) ?? '<panel>';
  const findings: Finding[] = [];
  if (disabled[0]) {
    findings.push(
      bad(
        check,
        `Nothing could be delivered for three days, so these are disabled: ${named(disabled)}.`,
        `Mend the server, then provisor webhooks enable ${await panelOf(disabled[0])} ${disabled[0].id}; or delete it`,
      ),
    );
  }
  if (gone.length > 0) findings.push(note(check, `These answered that they want no more events: ${named(gone)}.`));
  const now = await db.now();
  const [webhook] = failing;
  if (webhook) {
    const longest = formatDuration(Math.max(...failing.map(({ failingSince }) => now - (failingSince ?? now))));
    findings.push(
      note(
        check,
        `These do not take events now, for up to ${longest}, and are tried again: ${named(failing)}. provisor webhooks deliveries ${await panelOf(webhook)} ${webhook.id} says why.`,
      ),
    );
  }
  const backlog = await webhooks.backlog();
  findings.push(
    ...checkBacklog(check, backlog, {
      what: 'Events',
      remedy: 'provisor webhooks list <panel>; then provisor webhooks deliveries <panel> <webhook> --state pending',
    }),
  );
  return findings.length > 0 ? findings : [good(check, 'Nothing is disabled, failing or late.')];
};
