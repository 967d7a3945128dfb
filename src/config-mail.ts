/** The variables of e-mail: which server sends it, and whom it is for. */
import { z } from 'zod';
import { isMailAddress, readMailbox } from './kit/mail-address.ts';

/** Whether it can be read back: `100%` and `%ff` cannot. */
const isEncoded = (text: string): boolean => {
  try {
    return typeof decodeURIComponent(text) === 'string';
  } catch {
    return false;
  }
};

const isMailServer = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(text);
  return (
    ['smtp:', 'smtps:'].includes(protocol) &&
    hostname !== '' &&
    ['', '/'].includes(pathname) &&
    search === '' &&
    hash === '' &&
    (username === '') === (password === '') &&
    isEncoded(`${username}${password}`)
  );
};

const mailbox = z.string().transform((text, context) => {
  const read = readMailbox(text);
  if (read) return read;
  context.addIssue({ code: 'custom', message: 'must be an address, alone or as: Example Hosting <post@example.com>' });
  return z.NEVER;
});

export const mailVariables = {
  PROVISOR_SMTP_URL: z
    .string()
    .refine(
      isMailServer,
      'must look like smtps://user:password@mail.example.com or smtp://user:password@mail.example.com:587, with signs in user and password percent-encoded',
    )
    .meta({ secret: true })
    .optional()
    .describe(
      'Mail server that e-mail is sent through, `smtps://user:password@host` or `smtp://user:password@host:587`; no e-mail when not set',
    ),
  PROVISOR_SMTP_TLS: z
    .enum(['required', 'off'], 'must be one of: required, off')
    .default('required')
    .describe(
      'Whether nothing is sent by `smtp://` unless the server goes on encrypted (STARTTLS); not asked for on this machine itself',
    ),
  PROVISOR_MAIL_FROM: mailbox
    .optional()
    .describe('Who e-mail comes from, `post@example.com` or `Example Hosting <post@example.com>`'),
  PROVISOR_MAIL_CUSTOMERS: z
    .enum(['off', 'on'], 'must be one of: off, on')
    .default('off')
    .describe('Whether customers are written to at the address of their site'),
  PROVISOR_MAIL_OPERATOR: z
    .string()
    .refine(isMailAddress, 'must be one address')
    .optional()
    .describe('Address that is told of operations that failed or wait for an operator; nobody when not set'),
  PROVISOR_MAIL_LANGUAGE: z.enum(['en', 'ro'], 'must be one of: en, ro').default('en').describe('Language of e-mail'),
};

type MailValues = z.infer<z.ZodObject<typeof mailVariables>>;

/** What does not go together. */
export const mailProblems = (given: MailValues): string[] => {
  const isWished = given.PROVISOR_MAIL_CUSTOMERS === 'on' || given.PROVISOR_MAIL_OPERATOR !== undefined;
  if (given.PROVISOR_SMTP_URL === undefined) {
    return isWished ? ['PROVISOR_SMTP_URL is required with PROVISOR_MAIL_CUSTOMERS=on and PROVISOR_MAIL_OPERATOR'] : [];
  }
  return [
    ...(given.PROVISOR_MAIL_FROM === undefined ? ['PROVISOR_MAIL_FROM is required with PROVISOR_SMTP_URL'] : []),
    ...(isWished
      ? []
      : [
          'PROVISOR_SMTP_URL is set, but nobody is written to: set PROVISOR_MAIL_CUSTOMERS=on or PROVISOR_MAIL_OPERATOR',
        ]),
  ];
};
