import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ConfigError, loadConfig } from './config.ts';
import { numberToIp } from './config-lists.ts';

describe('the configuration', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provisor-config-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const load = (environment: Record<string, string>) =>
    loadConfig({ PROVISOR_DATA_DIR: folder, ...environment }, folder);
  const proxmox = {
    PROVISOR_COMPUTE: 'proxmox',
    PROVISOR_PROXMOX_URL: 'https://192.0.2.1:8006',
    PROVISOR_PROXMOX_TOKEN_ID: 'provisor@pve!api',
    PROVISOR_PROXMOX_TOKEN_SECRET: '00000000-0000-0000-0000-000000000000',
    PROVISOR_PROXMOX_TEMPLATE: 'local:vztmpl/wordpress.tar.zst',
    PROVISOR_PROXMOX_SSH_KEY_FILE: '/dev/null',
    PROVISOR_PROXMOX_SSH_HOST_KEY: `SHA256:${'A'.repeat(43)}`,
  };

  it('has addresses for as many sites as there may be, unless they are those of a real network', () => {
    const firstAndLast = (environment: Record<string, string>) => {
      const { start, end } = load(environment).PROVISOR_PRIVATE_IPS;
      return [numberToIp(start), numberToIp(end)];
    };
    assert.deepEqual(firstAndLast({}), ['10.64.0.1', '10.64.255.254']);
    assert.deepEqual(firstAndLast(proxmox), ['192.168.1.100', '192.168.1.253']);
    assert.deepEqual(firstAndLast({ PROVISOR_PRIVATE_IPS: '10.0.0.5-10.0.0.9' }), ['10.0.0.5', '10.0.0.9']);
  });

  it('takes images with a tag, a digest or both, and nothing that no image is called', () => {
    const image = (name: string) =>
      load({
        PROVISOR_COMPUTE: 'kubernetes',
        PROVISOR_KUBERNETES_CONFIG: 'in-cluster',
        PROVISOR_KUBERNETES_WORDPRESS_IMAGE: name,
      }).options.compute as Record<string, unknown>;
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
    for (const name of [
      'wordpress',
      'wordpress:6.8-php8.3-apache',
      `wordpress@${digest}`,
      `registry.example.com:5000/team/word_press:V6.8@${digest}`,
    ])
      assert.equal(image(name).PROVISOR_KUBERNETES_WORDPRESS_IMAGE, name);
    for (const name of ['word press', 'wordpress:', `wordpress@${digest.slice(0, -1)}`, 'WordPress', '$(id)'])
      assert.throws(() => image(name), /PROVISOR_KUBERNETES_WORDPRESS_IMAGE must be an image/, name);
  });

  it('says of a number what range it has to be in', () => {
    for (const [value, said] of [
      ['four', 'must be a number'],
      ['1', 'must be 2 or more'],
      ['1001', 'must be 1000 or less'],
      ['2.5', 'must be a whole number'],
    ] as const)
      assert.throws(
        () =>
          load({
            PROVISOR_COMPUTE: 'kubernetes',
            PROVISOR_KUBERNETES_CONFIG: 'in-cluster',
            PROVISOR_KUBERNETES_COPIES: value,
          }),
        (error) => error instanceof ConfigError && error.message.endsWith(`PROVISOR_KUBERNETES_COPIES ${said}`),
      );
    assert.throws(() => load({ PROVISOR_LINGER_SECONDS: '21' }), /PROVISOR_LINGER_SECONDS must be 20 or less/);
  });

  it('tells all that is wrong at once, and never a value', () => {
    assert.throws(
      () => load({ PROVISOR_PORT: 'secret-1', PROVISOR_PRIVATE_IPS: 'secret-2', PROVISOR_PROT: 'secret-3' }),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.message.split('\n').length, 4);
        for (const name of ['PROVISOR_PORT must', 'PROVISOR_PRIVATE_IPS must', 'PROVISOR_PROT is not known'])
          assert.ok(error.message.includes(name), error.message);
        assert.ok(!error.message.includes('secret'));
        return true;
      },
    );
  });
});
