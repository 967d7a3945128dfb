import type { Words } from './words.ts';

const kinds: Record<string, string> = {
  'site.create': 'Setting up your site',
  'site.upgrade': 'Changing the plan of your site',
  'site.start': 'Starting your site',
  'site.stop': 'Stopping your site',
  'site.restart': 'Restarting your site',
  'site.reset': 'Resetting your site',
  'site.proxy': 'Letting visitors in or keeping them out',
  'site.backup': 'Making a backup of your site',
  'site.backup-delete': 'Deleting a backup of your site',
  'site.rollback': 'Going back to a backup of your site',
  'site.domain-add': 'Adding a domain to your site',
  'site.domain-remove': 'Removing a domain from your site',
};

export const english: Words = {
  created: {
    subject: (site) => `Your site is ready: ${site}`,
    paragraphs: ['Your site has been set up.', 'You can visit it now:'],
  },
  suspended: {
    subject: (site) => `Your site is suspended: ${site}`,
    paragraphs: [
      'Your site has been suspended. Visitors see a notice in its place, and your data is kept.',
      'Please turn to your hosting provider to have it back.',
    ],
  },
  unsuspended: {
    subject: (site) => `Your site is back: ${site}`,
    paragraphs: ['Your site is no longer suspended.', 'You can visit it again:'],
  },
  deleted: {
    subject: (site) => `Your site has been deleted: ${site}`,
    paragraphs: ['Your site has been deleted, with its data and its backups.'],
  },
  failed: {
    subject: (kind, site) => `${kinds[kind] ?? 'A change to your site'} did not succeed: ${site}`,
    opening: (kind) => `${kinds[kind] ?? 'A change to your site'} did not succeed.`,
    // The engine's own sentences are for customers already.
    reason: (_code, sentence) => sentence,
    closing: 'Your hosting provider can tell you more.',
  },
  operator: {
    failed: (kind, service) => `${kind} failed: ${service}`,
    stuck: (kind, service) => `${kind} waits for you: ${service}`,
    failedText: 'An operation failed, and what it had begun has been taken back.',
    stuckText:
      'An operation could not be finished by itself. It waits for you, and nothing else can be done with the service meanwhile.',
    look: 'What happened in detail, and what to do next:',
    ending: 'Sent by Provisor, because PROVISOR_MAIL_OPERATOR names this address.',
  },
  names: { site: 'Site', service: 'Service', panel: 'Panel', operation: 'Operation', reason: 'Reason' },
  visit: 'Visit the site',
  service: (id) => `service ${id}`,
  ending: 'This message was sent by a program. Nobody reads the answers to it.',
};
