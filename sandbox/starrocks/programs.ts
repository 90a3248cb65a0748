import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

/** Names a directory with an `fe-main.mjs` and a `be-main.mjs` that are to be started in place of those beside this file. */
export const programsVariable = 'STARWARDEN_SANDBOX_PROGRAMS';

const ownDir = fileURLToPath(new URL('.', import.meta.url));

/** The program of a frontend, or of a backend, which with `--cn` is a compute node: an absolute path. */
export function nodeProgram(kind: 'fe' | 'be'): string {
  return join(env[programsVariable] ?? ownDir, `${kind}-main.mjs`);
}
