/** Secrets that nobody else has, and a search for them in everything that leaves the program. */
import { randomText } from '../../src/kit/ids.ts';

export interface Hit {
  secret: string;
  place: string;
  /** What stands around it, for whoever has to find out why. */
  around: string;
}

/** How a secret may be spelt in what was written about it. */
const spellings = (value: string): string[] => [
  value,
  encodeURIComponent(value),
  JSON.stringify(value).slice(1, -1),
  Buffer.from(value).toString('base64').replace(/=+$/, ''),
  Buffer.from(value).toString('base64url'),
  Buffer.from(value).toString('hex'),
];

export const createCanaries = () => {
  const planted = new Map<string, string>();
  const places = new Map<string, string[]>();

  const findIn = (text: string, place: string): Hit[] =>
    [...planted].flatMap(([secret, value]) => {
      const spelt = spellings(value).find((spelling) => text.includes(spelling));
      if (spelt === undefined) return [];
      const at = text.indexOf(spelt);
      return [{ secret, place, around: text.slice(Math.max(0, at - 160), at + 40) }];
    });

  return {
    planted,
    /** A secret that is to be found nowhere. `form` makes it fit where it is planted. */
    plant: (secret: string, form: (random: string) => string = (random) => `canary-${random}`): string => {
      const value = form(randomText(20));
      planted.set(secret, value);
      return value;
    },
    /** One that the program made itself. */
    notice: (secret: string, value: string): void => void planted.set(secret, value),
    /** Keeps what left the program there, to be searched at the end when all secrets are known. */
    collect: (place: string, text: string): void => {
      const kept = places.get(place) ?? [];
      kept.push(text);
      places.set(place, kept);
    },
    findIn,
    search: (): { hits: Hit[]; places: number; bytes: number; empty: string[] } => {
      const all = [...places].map(([place, texts]) => ({ place, text: texts.join('\n') }));
      return {
        hits: all.flatMap(({ place, text }) => findIn(text, place)),
        places: all.length,
        bytes: all.reduce((sum, { text }) => sum + text.length, 0),
        empty: all.filter(({ text }) => text === '').map(({ place }) => place),
      };
    },
  };
};

export type Canaries = ReturnType<typeof createCanaries>;
