import type { Api, Scope, Whoami } from './api.ts';
import type { Live } from './live.ts';

/** What every view is given. */
export interface Context {
  api: Api;
  live: Live;
  who: Whoami;
  /** Whether the key may do that. */
  can: (scope: Scope) => boolean;
  /** Aborts when another view takes the place of this one. */
  signal: AbortSignal;
}

export interface View {
  title: string;
  /** Where it is reached from. */
  back?: Node;
  content: (Node | null | false)[];
}
