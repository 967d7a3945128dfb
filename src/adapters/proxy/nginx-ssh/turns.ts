/** Lets at most so many works run at a time; the others wait in line. */
export const createTurns = (most: number) => {
  let running = 0;
  const line: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running === most) await new Promise<void>((begin) => line.push(begin));
    else running += 1;
    try {
      return await work();
    } finally {
      // Whoever is next takes over this place.
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
};
