/** Whether e-mail gets out: the server lets us in, and nothing waits for long. */
import type { Provisor } from '../app.ts';
import type { Config } from '../config.ts';
import { checkBacklog } from './check-deliveries.ts';
import { bad, type Finding, good, note } from './finding.ts';

const check = 'e-mail';
const limitMs = 15_000;

type Checked = NonNullable<Awaited<ReturnType<Provisor['mail']['check']>>>;
type Fault = Extract<Checked, { ok: false }>['fault'];

const remedies: Record<Fault, string> = {
  connection: 'See whether host and port of PROVISOR_SMTP_URL are right and can be reached from here.',
  encryption:
    'Use smtps:// or the port that offers STARTTLS, with a certificate for the name; NODE_EXTRA_CA_CERTS adds an authority, PROVISOR_SMTP_TLS=off does without.',
  login: 'See whether user and password of PROVISOR_SMTP_URL are right, with their signs percent-encoded.',
  refused: 'See what the mail server logs about this machine.',
};

/** Connects and lets us in, as for a message; sends none. Nothing to say when there is no e-mail. */
export const checkMail = async (
  { PROVISOR_SMTP_TLS }: Pick<Config, 'PROVISOR_SMTP_TLS'>,
  mail: Pick<Provisor['mail'], 'check'>,
  timeoutMs = limitMs,
): Promise<Finding[]> => {
  const checked = await mail.check(AbortSignal.timeout(timeoutMs));
  if (checked === null) return [];
  if (!checked.ok) return [bad(check, checked.error, remedies[checked.fault])];
  if (checked.encrypted) return [good(check, 'The mail server lets us in over an encrypted connection.')];
  return PROVISOR_SMTP_TLS === 'off'
    ? [note(check, 'The mail server lets us in; the connection is not encrypted, as PROVISOR_SMTP_TLS=off says.')]
    : [good(check, 'The mail server on this machine lets us in.')];
};

export const checkMailBacklog = async ({
  mail,
  deliveries,
}: {
  mail: Pick<Provisor['mail'], 'channel'>;
  deliveries: Pick<Provisor['deliveries'], 'backlog'>;
}): Promise<Finding[]> =>
  mail.channel
    ? checkBacklog(check, await deliveries.backlog(mail.channel.name), {
        what: 'Messages',
        remedy: 'See what is said of the mail server, here and in the log; each is tried for three days.',
      })
    : [];
