/** E-mail as the program, its commands and the doctor see it: on with all that belongs to it, or off. */
import type { Channel } from '../../deliveries/delivery.ts';
import { AppError } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { isMailAddress } from '../../kit/mail-address.ts';
import { createMailChannel, type MailDeps, type MailSettings } from './mail-channel.ts';
import { createMessage } from './message.ts';
import { createSmtp, SmtpError, type SmtpFault } from './smtp.ts';

/** Whether the mail server would take a message, or what stands in the way. */
export type MailCheck = { ok: true; encrypted: boolean } | { ok: false; fault: SmtpFault; error: string };

const trial = {
  subject: '[Provisor] Trial',
  paragraphs: ['E-mail works: this message was asked for by hand (provisor mail test).'],
  facts: [],
  ending: 'Sent by Provisor.',
};

/** With `null` for settings there is no e-mail. */
export const createMail = (settings: MailSettings | null, deps: MailDeps) => {
  const on = settings && { ...settings, smtp: createSmtp(settings.server) };
  const channel: Channel | null = on && createMailChannel(on, on.smtp, deps);
  return {
    /** Null when there is no e-mail. What waits from when there was is then left to processes that have it. */
    channel,
    /** Gets as far as a message would be handed over. Null when there is no e-mail. */
    check: async (signal: AbortSignal): Promise<MailCheck | null> => {
      if (!on) return null;
      try {
        return { ok: true, ...(await on.smtp.check(signal)) };
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error;
        return { ok: false, fault: error.fault, error: error.message };
      }
    },
    /** Sends a letter at once. Errors: `invalid_request`, `provider_unavailable` with what the server says. */
    sendTrial: async (to: string, signal: AbortSignal): Promise<void> => {
      if (!on) throw new AppError('invalid', 'invalid_request', 'E-mail is off: PROVISOR_SMTP_URL is not set.');
      if (!isMailAddress(to))
        throw new AppError('invalid', 'invalid_request', 'That is no address that e-mail can be sent to.');
      const { from, smtp } = on;
      const message = await createMessage(trial, { id: newId(), from, to, at: await deps.now(), language: 'en' });
      const outcome = await smtp.send({ from: from.address, to }, message, signal);
      if (outcome.is === 'delivered') return;
      throw new AppError('unavailable', 'provider_unavailable', outcome.error, { retryable: outcome.is === 'later' });
    },
  };
};

export type Mail = ReturnType<typeof createMail>;
