/** What a language has to say, so that none lacks a sentence that another has. */

interface Announcement {
  subject: (site: string) => string;
  paragraphs: string[];
}

export interface Words {
  created: Announcement;
  suspended: Announcement;
  unsuspended: Announcement;
  deleted: Announcement;
  failed: {
    subject: (kind: string, site: string) => string;
    opening: (kind: string) => string;
    reason: (code: string, sentence: string) => string;
    closing: string;
  };
  operator: {
    failed: (kind: string, service: string) => string;
    stuck: (kind: string, service: string) => string;
    failedText: string;
    stuckText: string;
    look: string;
    ending: string;
  };
  names: { site: string; service: string; panel: string; operation: string; reason: string };
  visit: string;
  service: (id: string) => string;
  ending: string;
}
