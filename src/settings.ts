/** What features are told of the configuration, in their own terms. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Config } from './config.ts';
import type { ServerAddress } from './config-lists.ts';
import type { ZoneSettings } from './features/dns/zone-deps.ts';
import type { DomainSettings } from './features/domains/domains.ts';
import type { MailSettings } from './features/mail/mail-channel.ts';

/** As a resolver of Node takes it. */
export const serverText = ({ address, port }: ServerAddress): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

export const zoneSettings = (config: Config): ZoneSettings => ({
  nameservers: config.PROVISOR_NAMESERVERS,
  siteDomain: config.PROVISOR_SITE_DOMAIN,
  proxy: {
    ipv4: isIPv4(config.PROVISOR_PUBLIC_IP) ? config.PROVISOR_PUBLIC_IP : null,
    ipv6: config.PROVISOR_PUBLIC_IPV6 ?? (isIPv6(config.PROVISOR_PUBLIC_IP) ? config.PROVISOR_PUBLIC_IP : null),
    name: config.PROVISOR_PROXY_NAME ?? null,
  },
  limits: { zones: config.PROVISOR_ZONES_PER_CUSTOMER, records: config.PROVISOR_RECORDS_PER_ZONE },
  // Nobody on the internet is delegated to a server on this machine's own address, so a first try would never succeed.
  requiresDelegation:
    config.PROVISOR_ZONE_DELEGATION === 'auto'
      ? config.PROVISOR_DNS !== 'local'
      : config.PROVISOR_ZONE_DELEGATION === 'required',
  requiresChallenge: config.PROVISOR_ZONE_CHALLENGE === 'required',
  challengeKey: config.pepper,
});

export const domainSettings = (config: Config): DomainSettings => {
  const sharedNames = config.PROVISOR_PROXY_NAME === undefined ? [] : [config.PROVISOR_PROXY_NAME];
  return {
    ownership: config.PROVISOR_DOMAIN_OWNERSHIP,
    tokenKey: config.pepper,
    patienceMs: config.PROVISOR_DOMAIN_HOURS * 3600_000,
    ours: [config.PROVISOR_SITE_DOMAIN, ...sharedNames],
    sharedNames,
  };
};

/** Null when there is no e-mail. */
export const mailSettings = (config: Config): MailSettings | null => {
  const { PROVISOR_SMTP_URL: text, PROVISOR_MAIL_FROM: from } = config;
  if (text === undefined || from === undefined) return null;
  const { protocol, hostname, port, username, password } = new URL(text);
  const secure = protocol === 'smtps:';
  return {
    server: {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 465 : 587) : Number(port),
      secure,
      startTls: config.PROVISOR_SMTP_TLS,
      login: username === '' ? null : { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    },
    from,
    customers: config.PROVISOR_MAIL_CUSTOMERS === 'on',
    operator: config.PROVISOR_MAIL_OPERATOR ?? null,
    language: config.PROVISOR_MAIL_LANGUAGE,
  };
};
