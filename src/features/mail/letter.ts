/** A letter in the words of a reader, before it is made into a message. */

export type Language = 'en' | 'ro';

export interface Letter {
  subject: string;
  /** Sentences, one paragraph each. */
  paragraphs: string[];
  /** Where to look next. */
  link?: { text: string; url: string };
  /** Names with their values, below the sentences. */
  facts: [name: string, value: string][];
  /** What the operator types next. */
  command?: string;
  /** The last line. */
  ending: string;
}

/** What a letter is about. Kept with the delivery, so that every try says the same. */
export interface MailFacts {
  to: string;
  language: Language;
  /** The site's own name and address, while it has one. */
  hostname: string | null;
  url: string | null;
  /** For the operator, who has several. */
  panel: string | null;
}

/** What happened, as a letter is chosen by it. */
export type News =
  | { is: 'created' | 'suspended' | 'unsuspended' | 'deleted' }
  | { is: 'failed' | 'stuck'; kind: string; code: string; sentence: string; operation: string };
