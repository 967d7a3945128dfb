/** Removes some again and again until there is none left. Returns how many there were. */
export const untilNone = async (removeSome: () => Promise<number>): Promise<number> => {
  for (let all = 0; ; ) {
    const removed = await removeSome();
    all += removed;
    if (removed === 0) return all;
  }
};
