/** What the reverse proxies are told. */
import { z } from 'zod';
import { httpUrl, secret, siteUrl, words } from './kinds.ts';

export const caddy = z.object({
  PROVISOR_CADDY_ADMIN_URL: httpUrl.default('http://127.0.0.1:2019').describe('Admin API of Caddy'),
  PROVISOR_CADDY_SERVER: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be a name of letters, digits, hyphens and underscores')
    .default('srv0')
    .describe('Name of the HTTP server in the configuration of Caddy that serves the sites'),
  PROVISOR_CADDY_LISTEN: words
    .optional()
    .describe('Addresses for that server, with commas between, when Caddy has none of that name and it is to be made'),
  PROVISOR_CADDY_SITE_URL: siteUrl('https://*/').describe(
    'Address of a site behind Caddy, `*` for its host name; `http:` when Caddy is to serve plain HTTP',
  ),
});

/** Goes into a configuration of nginx as it is. */
const listenWords = z
  .string()
  .regex(/^[\w.:[\]*, ]+$/, 'must be ports or addresses with commas between, e.g. 80,[::]:80')
  .transform((text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean),
  );
const confPath = z.string().regex(/^\/[\w./ @+,=-]+$/, 'must be an absolute path');

export const nginxSsh = z.object({
  PROVISOR_NGINX_SSH_HOST: z.string().min(1).describe('Machine with nginx on it, as SSH reaches it'),
  PROVISOR_NGINX_SSH_PORT: z.coerce
    .number('must be a number')
    .int()
    .min(1)
    .max(65_535)
    .default(22)
    .describe('Port of SSH on it'),
  PROVISOR_NGINX_SSH_USER: z
    .string()
    .regex(/^[a-z_][\w-]{0,31}$/, 'must be a name of a user')
    .default('provisor')
    .describe('User to sign in as'),
  PROVISOR_NGINX_SSH_KEY_FILE: z
    .string()
    .min(1)
    .describe('File with the private key of that user, without a passphrase'),
  PROVISOR_NGINX_SSH_HOST_KEY: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must be a fingerprint as ssh-keygen -lf prints it: SHA256:…')
    .describe('Fingerprint of the key by which that machine is known: `SHA256:…`'),
  PROVISOR_NGINX_SSH_DIRECTORY: z
    .string()
    .regex(/^\/[^\0\r\n]+$/, 'must be an absolute path')
    .default('/etc/nginx/provisor')
    .describe('Directory on it for our files alone, which its configuration includes'),
  PROVISOR_NGINX_SSH_TEST: z
    .string()
    .min(1)
    .default('sudo -n nginx -t')
    .describe('Command that tests the configuration'),
  PROVISOR_NGINX_SSH_RELOAD: z
    .string()
    .min(1)
    .default('sudo -n nginx -s reload')
    .describe('Command that has nginx read its configuration again'),
  PROVISOR_NGINX_SSH_LISTEN: listenWords
    .prefault('80')
    .describe('What sites listen on for plain HTTP, with commas between'),
  PROVISOR_NGINX_SSH_TLS_LISTEN: listenWords
    .prefault('443')
    .describe('What sites listen on for HTTPS, with commas between, when their address begins with `https:`'),
  PROVISOR_NGINX_SSH_CERTIFICATE: confPath
    .optional()
    .describe('Certificate on that machine for all sites; required when their address begins with `https:`'),
  PROVISOR_NGINX_SSH_CERTIFICATE_KEY: confPath.optional().describe('Private key of that certificate, on that machine'),
  PROVISOR_NGINX_SSH_UPSTREAM_CA: confPath
    .default('/etc/ssl/certs/ca-certificates.crt')
    .describe('Authorities on that machine that sites with HTTPS of their own are checked by'),
  PROVISOR_NGINX_SSH_PROBE: z
    .string()
    .regex(/^[\w.-]+:\d{1,5}$/, 'must be a host and a port with a colon between')
    .default('127.0.0.1:80')
    .describe('Where that machine itself reaches its sites, to see that a change is live'),
  PROVISOR_NGINX_SSH_SITE_URL: siteUrl('http://*/').describe(
    'Address of a site behind that nginx, `*` for its host name',
  ),
});

export const nginxProxyManager = z.object({
  PROVISOR_NPM_URL: httpUrl.describe('Nginx Proxy Manager, without `/api`'),
  PROVISOR_NPM_IDENTITY: z
    .string()
    .min(1)
    .describe('E-mail address of a user of it that may manage proxy hosts and certificates'),
  PROVISOR_NPM_SECRET: secret.describe('Password of that user'),
  PROVISOR_NPM_LETSENCRYPT_EMAIL: z
    .email()
    .optional()
    .describe('E-mail address for Let’s Encrypt; versions before 2.13 must be told one'),
  PROVISOR_NPM_SITE_URL: siteUrl('https://*/').describe('Address of a site behind it, `*` for its host name'),
});
