import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readImportLines } from '../architecture/import-lines.ts';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * How a test file is run, by what it needs: `pure` nothing outside its process, `store` the MariaDB and the Redis of the run,
 * `world` processes of its own, `long` minutes.
 */
export const projectNames = ['pure', 'store', 'world', 'long'] as const;
export type ProjectName = (typeof projectNames)[number];

/** Asks for the services of the run. Who starts some of its own starts processes. */
const services = 'test/helpers/services.ts';

/**
 * Which project a test file belongs to. Nobody declares it, so nobody can forget to: it follows from the folder, and from what
 * the file loads, itself or through other files of `test`, `sandbox`, `bench` and `scripts`. What `src` loads does not count: a
 * client that is never asked to connect is no service.
 */
export function projectOf(file: string, readSource: (path: string) => string | null): ProjectName {
  if (file.startsWith('test/long/')) return 'long';
  const { files, builtIns } = loadedBy(file, readSource);
  if (builtIns.has('node:child_process')) return 'world';
  return files.has(services) ? 'store' : 'pure';
}

function loadedBy(first: string, readSource: (path: string) => string | null) {
  const files = new Set([first]);
  const builtIns = new Set<string>();
  for (const file of files) {
    for (const { target, kind, typeOnly } of readImportLines(file, readSource(file) ?? '')) {
      if (typeOnly) continue;
      if (kind === 'built-in') builtIns.add(target);
      if (kind === 'file' && !target.startsWith('src/')) files.add(target);
    }
  }
  return { files, builtIns };
}

/** The test files of the working tree, by project. */
export function listTestFiles(): Record<ProjectName, string[]> {
  const sources = new Map<string, string | null>();
  const readSource = (path: string) => {
    if (!sources.has(path)) sources.set(path, readIfThere(path));
    return sources.get(path) ?? null;
  };
  const found: Record<ProjectName, string[]> = { pure: [], store: [], world: [], long: [] };
  for (const path of globSync('test/**/*.test.ts', { cwd: root })) {
    const file = path.replaceAll('\\', '/');
    found[projectOf(file, readSource)].push(file);
  }
  return found;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return null; // a line that is text of a test, not an import
  }
}
