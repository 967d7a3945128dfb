import type { Child } from './child.ts';

/** Asks all sides the same. Errors: two that answer with another status or other bytes; then a ratio would say nothing. */
export const requireSameBytes = async (
  servers: Child[],
  path: string,
  headers: Record<string, string>,
): Promise<void> => {
  const answers = await Promise.all(
    servers.map(async ({ name, url }) => {
      const answer = await fetch(url + path, { headers });
      return { name, text: `${answer.status} ${await answer.text()}` };
    }),
  );
  const first = answers[0];
  const other = answers.find(({ text }) => text !== first?.text);
  if (first && other) {
    throw new Error(
      `${first.name} and ${other.name} answer differently to ${path}:\n${first.text.slice(0, 2000)}\n${other.text.slice(0, 2000)}`,
    );
  }
};
