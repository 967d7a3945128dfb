/**
 * The container image, laid out in a directory as deploy/Dockerfile says, without
 * an engine for containers: what it copies, what it runs to install, and how it is
 * started. The base images themselves stay untried.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';

// Its types say that it is an ES module, which it is not.
const dockerignore = createRequire(import.meta.url)('@balena/dockerignore') as () => {
  add(patterns: string): { ignores(path: string): boolean };
};

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Stage {
  name: string | null;
  instructions: Instruction[];
}

export const readDockerfile = () => readFile(join(root, 'deploy/Dockerfile'), 'utf8');

const stagesOf = (text: string): Stage[] => {
  const stages: Stage[] = [];
  const dockerfile = DockerfileParser.parse(text);
  const froms = dockerfile.getFROMs();
  for (const instruction of dockerfile.getInstructions()) {
    const from = froms.find((each) => each.getRange().start.line === instruction.getRange().start.line);
    if (from) stages.push({ name: from.getBuildStage(), instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
};

const only = (stage: Stage, keyword: string): Instruction => {
  const [found, ...more] = stage.instructions.filter((each) => each.getKeyword() === keyword);
  if (!found || more.length > 0) throw new Error(`deploy/Dockerfile: one ${keyword} was expected`);
  return found;
};

const argumentsOf = (instruction: Instruction): string[] =>
  instruction.getArguments().map((argument) => argument.getValue());

/** The words of `CMD ["…", "…"]`, also behind the flags of a HEALTHCHECK. */
const wordsOf = (instruction: Instruction): string[] => {
  const content = instruction.getArgumentsContent() ?? '';
  return JSON.parse(content.slice(content.indexOf('['))) as string[];
};

/** Takes from the context what .dockerignore lets through. */
const copyFromContext = async (sources: string[], target: (source: string) => string): Promise<void> => {
  const ignore = dockerignore().add(await readFile(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8'));
  for (const source of sources) {
    const from = resolve(root, source);
    await cp(from, target(source), {
      recursive: true,
      filter: async (path) => {
        const name = path.slice(root.length).replace(/\/$/, '');
        // Of a directory it is only its files that are let through or not.
        const isFile = await readdir(path).then(
          () => false,
          () => true,
        );
        return !isFile || !ignore.ignores(name);
      },
    });
  }
};

const layStage = async (stage: Stage, directory: string, stages: Record<string, string>): Promise<void> => {
  for (const instruction of stage.instructions) {
    if (instruction.getKeyword() !== 'COPY') continue;
    const words = argumentsOf(instruction).filter((word) => !word.startsWith('--'));
    const sources = words.slice(0, -1);
    const destination = words.at(-1) ?? '';
    const from = (instruction as Copy).getFromFlag()?.getValue();
    const target = (source: string) =>
      destination.endsWith('/')
        ? join(directory, destination, source.split('/').at(-1) ?? '')
        : join(directory, destination);
    if (from) {
      for (const source of sources)
        await cp(source.replace(/^\/app/, stages[from] ?? ''), target(source), {
          recursive: true,
          verbatimSymlinks: true,
        });
    } else await copyFromContext(sources, target);
  }
};

export interface Image {
  /** What is `/app` in the container. */
  app: string;
  /** The program and its arguments, to be run in `app`. */
  command: string[];
  healthcheck: string[];
  user: number;
  remove(): Promise<void>;
}

/** Lays it out, with the packages that it installs. Everyone may read it, and only its owner may write. */
export const layImage = async (): Promise<Image> => {
  const directory = await mkdtemp(join(tmpdir(), 'provisor-image-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const [install, final] = stagesOf(await readDockerfile());
    if (!install || !final) throw new Error('deploy/Dockerfile: two stages were expected');
    const places = { install: join(directory, 'install'), final: join(directory, 'app') };
    for (const place of Object.values(places)) await mkdir(place);
    await layStage(install, places.install, {});
    await promisify(execFile)('sh', ['-c', only(install, 'RUN').getArgumentsContent() ?? ''], { cwd: places.install });
    await layStage(final, places.final, { install: places.install });
    await rm(places.install, { recursive: true });
    await chmod(directory, 0o755);
    return {
      app: places.final,
      command: wordsOf(only(final, 'CMD')),
      healthcheck: wordsOf(only(final, 'HEALTHCHECK')),
      user: Number((argumentsOf(only(final, 'USER'))[0] ?? '').split(':')[0]),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
};
