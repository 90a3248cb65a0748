import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the sandboxes of this checkout live. */
export const sandboxHome = fileURLToPath(new URL('../../.local/sandbox', import.meta.url));

/** Where a sandbox can be found: in its directory, and the one that was started last beside all of them. */
export function controlFileIn(dir: string | null | undefined): string {
  return join(dir ?? sandboxHome, 'world.json');
}
