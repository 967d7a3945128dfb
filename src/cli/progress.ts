/** How far something is: a bar on a terminal, a line for each change elsewhere. */
import { Presets, SingleBar } from 'cli-progress';
import { plain } from './table.ts';

export interface Progress {
  show(percent: number, message: string): void;
  /** Takes the bar away. Repeating it is harmless. */
  end(): void;
}

/** Where progress is shown; `process.stdout` is one. */
export type Terminal = NodeJS.WritableStream & { isTTY?: boolean };

export const silentProgress: Progress = { show: () => {}, end: () => {} };

const barProgress = (stream: Terminal): Progress => {
  const bar = new SingleBar(
    {
      stream,
      format: '{bar} {percentage}%  {message}',
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      // An interrupt is answered by the command, which then ends the bar.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  let begun = false;
  return {
    show: (percent, message) => {
      if (begun) bar.update(percent, { message: plain(message) });
      else bar.start(100, percent, { message: plain(message) });
      begun = true;
    },
    end: () => {
      if (begun) bar.stop();
      begun = false;
    },
  };
};

const lineProgress = (stream: Terminal): Progress => {
  let last = '';
  return {
    show: (percent, message) => {
      const line = `${String(percent).padStart(3)} %  ${plain(message)}`;
      if (line !== last) stream.write(`${line}\n`);
      last = line;
    },
    end: () => {},
  };
};

export const createProgress = (stream: Terminal): Progress =>
  stream.isTTY ? barProgress(stream) : lineProgress(stream);
