/** What the providers of DNS are told. */
import { z } from 'zod';
import { httpUrl, secret } from './kinds.ts';

export const powerdns = z.object({
  PROVISOR_POWERDNS_URL: httpUrl.describe('PowerDNS: address of its webserver, e.g. `http://127.0.0.1:8081`'),
  PROVISOR_POWERDNS_API_KEY: secret.describe('PowerDNS: its `api-key`'),
  PROVISOR_POWERDNS_SERVER_ID: z.string().min(1).default('localhost').describe('PowerDNS: id of the server in its API'),
});

export const cloudflare = z.object({
  PROVISOR_CLOUDFLARE_TOKEN: secret.describe('Cloudflare: API token'),
  PROVISOR_CLOUDFLARE_ACCOUNT_ID: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must have 32 hexadecimal digits')
    .describe('Cloudflare: account that holds the zones'),
  PROVISOR_CLOUDFLARE_URL: httpUrl
    .default('https://api.cloudflare.com/client/v4')
    .describe('Cloudflare: address of its API'),
});

export const ispconfig = z.object({
  PROVISOR_ISPCONFIG_URL: httpUrl.describe('ISPConfig: address of the panel, e.g. `https://panel.example.com:8080`'),
  PROVISOR_ISPCONFIG_USER: z.string().min(1).describe('ISPConfig: remote user'),
  PROVISOR_ISPCONFIG_PASSWORD: secret.describe('ISPConfig: password of the remote user'),
  PROVISOR_ISPCONFIG_SERVER_ID: z.coerce
    .number('must be a number')
    .int()
    .min(1)
    .default(1)
    .describe('ISPConfig: id of the server that serves DNS'),
});
