/** A webhook: where a panel is told of what became of its services. */
import { AppError } from '../../kit/errors.ts';

export type DisabledReason = 'panel' | 'gone' | 'failing';

export interface Webhook {
  id: string;
  panelId: string;
  url: string;
  /** Patterns: an event's name, `site.*` for all that begin so, `*` for all. */
  events: string[];
  description: string;
  enabled: boolean;
  disabledReason: DisabledReason | null;
  disabledAt: number | null;
  /** Sealed. */
  secret: string;
  /** Sealed; signs too until `oldSecretUntil`. */
  oldSecret: string | null;
  oldSecretUntil: number | null;
  /** The first failure since the last success. */
  failingSince: number | null;
  createdAt: number;
  updatedAt: number;
}

/** Webhooks that one panel may have. */
export const webhookLimit = 20;

/** The event of a trial. */
export const testEvent = 'webhook.test';

/** Why a panel finds its webhook disabled. */
export const notices: Record<DisabledReason, string> = {
  panel: 'It was disabled by the panel.',
  gone: 'The server answered 410 Gone, so nothing is sent there any more. Enable it again when it is there.',
  failing:
    'Nothing could be delivered for three days, so nothing is sent there any more. Mend the server, enable it again and replay what it missed.',
};

const isMatch = (pattern: string, event: string): boolean =>
  pattern === '*' ||
  pattern === event ||
  (pattern.endsWith('.*') && event.startsWith(pattern.slice(0, -1))) ||
  (pattern.startsWith('*.') && event.endsWith(pattern.slice(1)));

export const wants = ({ events }: Pick<Webhook, 'events'>, event: string): boolean =>
  event === testEvent || events.some((pattern) => isMatch(pattern, event));

const refuse = (message: string) => new AppError('invalid', 'webhook_invalid', message);

/** Errors: `webhook_invalid` for a pattern that no event fits. */
export const requireEvents = (patterns: readonly string[], known: readonly string[]): string[] => {
  for (const pattern of patterns) {
    if (!known.some((event) => isMatch(pattern, event))) {
      throw refuse(
        `No event fits "${pattern}". Examples of those that there are: site.create.done, site.*, *.failed, support.created.`,
      );
    }
  }
  return [...new Set(patterns)];
};

/** The address as it is kept. Errors: `webhook_invalid`, saying why nothing can be sent there. */
export const requireUrl = (text: string, rules: { http: boolean; isAllowed: (address: string) => boolean }): string => {
  if (!URL.canParse(text)) throw refuse('The url is not one, e.g. https://panel.example.com/hooks');
  const url = new URL(text);
  const schemes = rules.http ? ['https:', 'http:'] : ['https:'];
  if (!schemes.includes(url.protocol)) {
    throw refuse(`The url must begin with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('The url must hold no user and no password: every call is signed instead.');
  }
  if (url.hash !== '') throw refuse('The url must have no part after a #: no server would see it.');
  const literal = literalOf(url);
  if (literal !== null && !rules.isAllowed(literal)) {
    throw refuse(`Nothing is sent to ${literal}: it is not a public address.`);
  }
  return url.href;
};

/** The address in a url that names no host. */
export const literalOf = ({ hostname }: URL): string | null => {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  // URL has made every way to write an IPv4 address into this one.
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? hostname : null;
};
