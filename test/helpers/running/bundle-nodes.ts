import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { root } from './projects.ts';

/** Beside the dependencies: kept from run to run, never committed, and gone with them. */
const keptDir = join(root, 'node_modules/.cache/programs');
const sourceDir = join(root, 'sandbox/starrocks');
const oldMs = 24 * 3_600_000;

const processes = { 'fe-main.mjs': 'frontend-process', 'be-main.mjs': 'backend-process' } as const;

/**
 * Makes one file of each program that stands for a node of StarRocks, and answers the directory they are in, which is named after
 * what they hold. To find and read 144 files is more than half of what the start of a frontend takes, and a run starts a thousand.
 */
export async function bundleNodes(): Promise<string> {
  const bundles = await Promise.all(
    Object.entries(processes).map(async ([program, name]) => [
      { file: `${name}.mjs`, code: await bundle(join(sourceDir, `${name}.ts`)) },
      { file: program, code: starter(name) },
    ]),
  );
  const files = bundles.flat();
  const dir = join(keptDir, createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16));
  if (existsSync(dir)) return dir;
  // Another run may make it at the same time: renamed when it is whole, and who comes second finds it there.
  const unfinished = `${dir}.${randomUUID()}`;
  await mkdir(unfinished, { recursive: true });
  await Promise.all(files.map(({ file, code }) => writeFile(join(unfinished, file), code)));
  await rename(unfinished, dir).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true });
    if (!existsSync(dir)) throw error;
  });
  await forgetOld(dir);
  return dir;
}

async function bundle(input: string): Promise<string> {
  await using build = await rolldown({ input, platform: 'node', external: /^[a-z@]/, plugins: [inPlace] });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  return output[0].code;
}

/** A file that is read from beside a source file is still read from there. */
const inPlace: Plugin = {
  name: 'in-place',
  transform: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
};

/** As the program itself, which is named beside it in the list of processes. */
function starter(name: string): string {
  const cache = pathToFileURL(join(sourceDir, 'compile-cache.mjs')).href;
  return `import { runCached } from ${JSON.stringify(cache)};\nawait runCached(() => import('./${name}.mjs'));\n`;
}

/** What was made of other sources. */
async function forgetOld(present: string): Promise<void> {
  for (const name of await readdir(keptDir)) {
    const dir = join(keptDir, name);
    const found = await stat(dir).catch(() => null); // another run forgets it too
    if (found !== null && dir !== present && Date.now() - found.mtimeMs > oldMs)
      await rm(dir, { recursive: true, force: true });
  }
}
