import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the sandboxes of this checkout live. */
export const sandboxHome = fileURLToPath(new URL('../../.local/sandbox', import.meta.url));

/** Where the sandbox that was started last can be found; one with a directory of its own is found there. */
export function controlFileIn(dir: string | null | undefined): string {
  return join(dir ?? sandboxHome, 'world.json');
}
