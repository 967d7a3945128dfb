import { isIP } from 'node:net';

/** Whether a host of the configuration is this machine itself, so that nothing sent there crosses a network. */
export const isThisMachine = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
