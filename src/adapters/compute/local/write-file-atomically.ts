import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file whole or not at all: to `temporary` (on the same file system)
 * first, flushed to the disk, then renamed.
 */
export const writeFileAtomically = async (path: string, temporary: string, text: string): Promise<void> => {
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};
