/** What the reverse proxies are told. */
import { z } from 'zod';
import { httpUrl, siteUrl, words } from './kinds.ts';

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
