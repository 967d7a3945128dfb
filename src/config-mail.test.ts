import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, loadConfig } from './config.ts';
import { mailSettings } from './settings.ts';

const pepper = { PROVISOR_PEPPER: 'a pepper for tests only' };
const good = {
  PROVISOR_SMTP_URL: 'smtps://provisor:a%20pass%2Fword%40@mail.example.com',
  PROVISOR_MAIL_FROM: 'Example Hosting <post@example.net>',
  PROVISOR_MAIL_CUSTOMERS: 'on',
};
const load = (environment: Record<string, string>) => loadConfig({ ...pepper, ...environment }, '/nowhere');
const problems = (environment: Record<string, string>): string => {
  try {
    load(environment);
    return '';
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
};

describe('the configuration of e-mail', () => {
  it('is none at all unless it is asked for', () => {
    assert.equal(mailSettings(load({})), null);
  });

  it('is read into what is spoken to the server', () => {
    assert.deepEqual(mailSettings(load(good)), {
      server: {
        host: 'mail.example.com',
        port: 465,
        secure: true,
        startTls: 'required',
        login: { user: 'provisor', pass: 'a pass/word@' },
      },
      from: { name: 'Example Hosting', address: 'post@example.net' },
      customers: true,
      operator: null,
      language: 'en',
    });
    const server = (url: string) => mailSettings(load({ ...good, PROVISOR_SMTP_URL: url }))?.server;
    assert.deepEqual(server('smtp://[2001:db8::25]'), {
      host: '2001:db8::25',
      port: 587,
      secure: false,
      startTls: 'required',
      login: null,
    });
    assert.equal(server('smtp://mail.example.com:25/')?.port, 25);
  });

  it('holds a secret, in each of its spellings', () => {
    const { secrets } = load(good);
    for (const secret of [good.PROVISOR_SMTP_URL, 'a%20pass%2Fword%40', 'a pass/word@'])
      assert.ok(secrets.includes(secret));
  });

  it('is refused in words that quote nothing when it cannot be meant', () => {
    for (const url of [
      'https://mail.example.com',
      'mail.example.com:587',
      'smtp://provisor@mail.example.com',
      'smtp://:canary@mail.example.com',
      'smtp://provisor:canary%zz@mail.example.com',
      'smtp://provisor:canary%ff@mail.example.com',
      'smtp://provisor:canary@mail.example.com/inbox',
      'smtp://provisor:canary@mail.example.com?tls=no',
      'smtp://',
    ]) {
      const told = problems({ ...good, PROVISOR_SMTP_URL: url });
      assert.match(told, /PROVISOR_SMTP_URL must look like/, url);
      assert.doesNotMatch(told, /canary/);
    }
    assert.match(
      problems({ ...good, PROVISOR_MAIL_FROM: 'a@b.example, c@d.example' }),
      /PROVISOR_MAIL_FROM must be an address/,
    );
    assert.match(
      problems({ ...good, PROVISOR_MAIL_OPERATOR: 'a@b.example,c@d.example' }),
      /PROVISOR_MAIL_OPERATOR must be one/,
    );
    assert.match(problems({ ...good, PROVISOR_MAIL_LANGUAGE: 'de' }), /PROVISOR_MAIL_LANGUAGE must be one of: en, ro/);
  });

  it('is refused when a part of it is missing', () => {
    const { PROVISOR_SMTP_URL, PROVISOR_MAIL_FROM } = good;
    assert.match(problems({ PROVISOR_MAIL_CUSTOMERS: 'on' }), /PROVISOR_SMTP_URL is required/);
    assert.match(problems({ PROVISOR_MAIL_OPERATOR: 'a@b.example' }), /PROVISOR_SMTP_URL is required/);
    assert.match(problems({ PROVISOR_SMTP_URL, PROVISOR_MAIL_CUSTOMERS: 'on' }), /PROVISOR_MAIL_FROM is required/);
    assert.match(problems({ PROVISOR_SMTP_URL, PROVISOR_MAIL_FROM }), /nobody is written to/);
  });
});
