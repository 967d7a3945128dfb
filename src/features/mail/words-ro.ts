import type { Words } from './words.ts';

const kinds: Record<string, string> = {
  'site.create': 'Crearea site-ului',
  'site.upgrade': 'Schimbarea planului site-ului',
  'site.start': 'Pornirea site-ului',
  'site.stop': 'Oprirea site-ului',
  'site.restart': 'Repornirea site-ului',
  'site.reset': 'Resetarea site-ului',
  'site.proxy': 'Deschiderea sau închiderea accesului la site',
  'site.backup': 'Crearea unei copii de siguranță',
  'site.backup-delete': 'Ștergerea unei copii de siguranță',
  'site.rollback': 'Revenirea la o copie de siguranță',
  'site.domain-add': 'Adăugarea unui domeniu',
  'site.domain-remove': 'Scoaterea unui domeniu',
};

const reasons: Record<string, string> = {
  deadline_exceeded: 'Nu s-a încheiat la timp, așa că ceea ce începuse a fost anulat.',
  provider_refused: 'Infrastructura a refuzat cererea. Operatorul a primit detaliile.',
  attempts_exhausted: 'Infrastructura a eșuat de prea multe ori. Operatorul a primit detaliile.',
};

export const romanian: Words = {
  created: {
    subject: (site) => `Site-ul dumneavoastră este gata: ${site}`,
    paragraphs: ['Site-ul dumneavoastră a fost creat.', 'Îl puteți vizita acum:'],
  },
  suspended: {
    subject: (site) => `Site-ul dumneavoastră este suspendat: ${site}`,
    paragraphs: [
      'Site-ul dumneavoastră a fost suspendat. Vizitatorii văd un anunț în locul lui, iar datele sunt păstrate.',
      'Pentru a-l reactiva, vă rugăm să vă adresați furnizorului de găzduire.',
    ],
  },
  unsuspended: {
    subject: (site) => `Site-ul dumneavoastră este din nou activ: ${site}`,
    paragraphs: ['Site-ul dumneavoastră nu mai este suspendat.', 'Îl puteți vizita din nou:'],
  },
  deleted: {
    subject: (site) => `Site-ul dumneavoastră a fost șters: ${site}`,
    paragraphs: ['Site-ul dumneavoastră a fost șters, împreună cu datele și copiile de siguranță.'],
  },
  failed: {
    subject: (kind, site) => `${kinds[kind] ?? 'O modificare a site-ului'} nu a reușit: ${site}`,
    opening: (kind) => `${kinds[kind] ?? 'O modificare a site-ului'} nu a reușit.`,
    reason: (code, sentence) => reasons[code] ?? sentence,
    closing: 'Furnizorul de găzduire vă poate da mai multe detalii.',
  },
  operator: {
    failed: (kind, service) => `${kind} a eșuat: ${service}`,
    stuck: (kind, service) => `${kind} vă așteaptă: ${service}`,
    failedText: 'O operațiune a eșuat, iar ceea ce începuse a fost anulat.',
    stuckText:
      'O operațiune nu a putut fi încheiată de la sine. Vă așteaptă, iar până atunci nimic altceva nu se poate face cu serviciul.',
    look: 'Ce s-a întâmplat în detaliu și ce urmează:',
    ending: 'Trimis de Provisor, pentru că PROVISOR_MAIL_OPERATOR conține această adresă.',
  },
  names: { site: 'Site', service: 'Serviciu', panel: 'Panou', operation: 'Operațiune', reason: 'Motiv' },
  visit: 'Vizitați site-ul',
  service: (id) => `serviciul ${id}`,
  ending: 'Acest mesaj a fost trimis de un program. Răspunsurile la el nu sunt citite de nimeni.',
};
