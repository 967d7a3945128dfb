/**
 * E-mail as a way to tell others: whom an event goes to, what they read, and what
 * follows when it cannot be sent. The reader's address and the names in the letter
 * are looked up when the event is handed on and kept with the delivery.
 */
import type { Tx } from '../../database/database.ts';
import type { Channel, Delivery, OutboxEvent, Outcome, Target } from '../../deliveries/delivery.ts';
import { maxAttempts } from '../../deliveries/retry.ts';
import type { Log } from '../../kit/log.ts';
import { isMailAddress, type Mailbox } from '../../kit/mail-address.ts';
import type { Trail } from '../../operations/audit.ts';
import { activeKey, type ServiceKey } from '../../operations/operation.ts';
import type { Language, MailFacts } from './letter.ts';
import { createMessage } from './message.ts';
import { newsFor, type Role, roles } from './news.ts';
import type { Smtp, SmtpServer } from './smtp.ts';
import { writeLetter } from './write-letter.ts';

export const mailChannel = 'mail';

/** After that it is no news any more, e.g. because e-mail was off meanwhile. Longer than a letter is tried. */
const newsMs = 7 * 24 * 3_600_000;

export interface MailSettings {
  server: SmtpServer;
  from: Mailbox;
  /** Whether customers are written to. */
  customers: boolean;
  operator: string | null;
  language: Language;
}

/** Where a letter's names come from, and where its fate is written down. */
export interface MailDeps {
  now: () => Promise<number>;
  log: Log;
  trail: Trail;
  /** A site's customer and names; null when the service is no site. */
  siteOf: (tx: Tx, key: ServiceKey) => Promise<{ email: string; hostname: string | null } | null>;
  panelNameOf: (tx: Tx, panelId: string) => Promise<string | null>;
  urlOf: (hostname: string) => string;
}

const never = (error: string): Outcome => ({ is: 'never', error });

export const createMailChannel = (
  settings: MailSettings,
  smtp: Pick<Smtp, 'send'>,
  { now, log, trail, siteOf, panelNameOf, urlOf }: MailDeps,
): Channel => {
  const factsFor = async (tx: Tx, role: Role, event: OutboxEvent): Promise<MailFacts | null> => {
    const site = await siteOf(tx, event.service);
    const to = role === 'operator' ? settings.operator : settings.customers ? site?.email : null;
    if (!to) return null;
    const hostname = site?.hostname ?? null;
    return {
      to,
      language: settings.language,
      hostname,
      url: hostname === null ? null : urlOf(hostname),
      panel: role === 'operator' ? await panelNameOf(tx, event.service.panelId) : null,
    };
  };

  const targetsOf = async (tx: Tx, event: OutboxEvent): Promise<Target[]> => {
    const targets: Target[] = [];
    for (const role of roles) {
      if (newsFor(role, event) === null) continue;
      const facts = await factsFor(tx, role, event);
      if (facts) targets.push({ name: role, facts: { ...facts } });
    }
    return targets;
  };

  const send = async ({ id, target, event, facts, createdAt }: Delivery, signal: AbortSignal): Promise<Outcome> => {
    if ((await now()) - event.at > newsMs) return never('It is too old to be news.');
    const role = target as Role;
    const news = newsFor(role, event);
    const about = facts as MailFacts | null;
    if (!news || !about) return never('Nothing is told of this event any more.');
    if (!isMailAddress(about.to)) return never('The address is none that e-mail can be sent to.');
    const sending = { id, from: settings.from, to: about.to, at: createdAt, language: about.language };
    const message = await createMessage(writeLetter(role, news, about, event.service), sending);
    return smtp.send({ from: settings.from.address, to: about.to }, message, signal);
  };

  const settled = async (tx: Tx, delivery: Delivery, outcome: Outcome, at: number): Promise<void> => {
    if (outcome.is === 'delivered') return;
    const { target, event, attempts } = delivery;
    if (outcome.is === 'later' && attempts + 1 < maxAttempts) return;
    const { panelId, serviceId } = event.service;
    // Whose address it is can be looked up by the service; addresses of customers are in no log.
    const about = { to: target, event: event.name, error: outcome.error };
    log.warn({ ...about, panel: panelId, service: serviceId }, 'An e-mail could not be delivered and is given up');
    await trail.append(tx, {
      chain: activeKey(event.service),
      at,
      actor: 'engine',
      action: 'mail.give-up',
      outcome: 'failed',
      details: about,
      requestId: null,
    });
  };

  return { name: mailChannel, targetsOf, send, settled };
};
