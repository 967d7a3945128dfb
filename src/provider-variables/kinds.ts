/** Kinds of values that several providers ask for. */
import { z } from 'zod';

export const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol),
    'must be an address that begins with http:// or https://',
  );

/** Its value is blanked out wherever it would be told. */
export const secret = z.string().min(1).meta({ secret: true });

/** The address of a site as visitors type it; `*` stands for its host name. */
export const siteUrl = (fallback: string) =>
  z
    .string()
    .regex(/^https?:\/\/\*(:\d{1,5})?\/$/, 'must look like https://*/ or http://*:8080/')
    .default(fallback);

/** Words with commas between. */
export const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean),
);

export const wholeNumber = (least: number, most: number) =>
  z.coerce.number('must be a number').int().min(least).max(most);

/** `registry.example.com:5000/team/wordpress:6.8@sha256:…`, a tag and a digest as wished. */
export const imageReference = z
  .string()
  .max(512)
  .regex(
    /^[a-z0-9]+(?:[._:/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
    'must be an image, such as wordpress:6.8 or registry.example.com/wordpress@sha256:…',
  );

export const dnsLabel = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a name in lower case');
export const dnsName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be a host name in lower case');
