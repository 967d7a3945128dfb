/** Writes a letter about what happened, for a customer or for the operator. Pure. */
import type { ServiceKey } from '../../operations/operation.ts';
import type { Language, Letter, MailFacts, News } from './letter.ts';
import type { Role } from './news.ts';
import type { Words } from './words.ts';
import { english } from './words-en.ts';
import { romanian } from './words-ro.ts';

const languages: Record<Language, Words> = { en: english, ro: romanian };

type Trouble = Extract<News, { is: 'failed' | 'stuck' }>;

const forOperator = (words: Words, news: Trouble, facts: MailFacts, { serviceId }: ServiceKey): Letter => {
  const { names, operator, service } = words;
  return {
    subject: `[Provisor] ${operator[news.is](news.kind, service(serviceId))}`,
    paragraphs: [news.is === 'failed' ? operator.failedText : operator.stuckText],
    facts: [
      ...(facts.panel === null ? [] : [[names.panel, facts.panel] as [string, string]]),
      [names.service, serviceId],
      ...(facts.hostname === null ? [] : [[names.site, facts.hostname] as [string, string]]),
      [names.operation, `${news.operation} (${news.kind})`],
      // As the log and the API say it, whatever the language.
      [names.reason, news.sentence === '' ? '-' : news.sentence],
    ],
    command: `${operator.look} provisor operations show ${news.operation}`,
    ending: operator.ending,
  };
};

export const writeLetter = (role: Role, news: News, facts: MailFacts, service: ServiceKey): Letter => {
  const words = languages[facts.language];
  const site = facts.hostname ?? words.service(service.serviceId);
  const ofSite: [string, string][] = [
    ...(facts.hostname === null ? [] : [[words.names.site, facts.hostname] as [string, string]]),
    [words.names.service, service.serviceId],
  ];
  if (news.is === 'failed' || news.is === 'stuck') {
    if (role === 'operator') return forOperator(words, news, facts, service);
    const { failed } = words;
    return {
      subject: failed.subject(news.kind, site),
      paragraphs: [failed.opening(news.kind), failed.reason(news.code, news.sentence), failed.closing],
      facts: ofSite,
      ending: words.ending,
    };
  }
  const { subject, paragraphs } = words[news.is];
  const isOpen = news.is === 'created' || news.is === 'unsuspended';
  // A site that is gone by now has no address; then its letter invites nobody.
  const isInviting = isOpen && facts.url !== null;
  return {
    subject: subject(site),
    paragraphs: isOpen && !isInviting ? paragraphs.slice(0, 1) : paragraphs,
    ...(isInviting ? { link: { text: words.visit, url: facts.url! } } : {}),
    facts: ofSite,
    ending: words.ending,
  };
};
