import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runNode } from '../lib/node-child.mjs';
import { dim, say } from '../lib/say.mjs';

/** Makes `dist/`, which runs without `src/`: JavaScript, and whatever the sources read at run time. */
export async function build() {
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const code = await runNode(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  if (code !== 0) return code;
  cpSync(join(root, 'src'), dist, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  if (!existsSync(join(dist, 'main.js'))) throw new Error('the build made no dist/main.js');
  say(dim('Built dist/. Run it with: node --max-semi-space-size=8 dist/main.js'));
  return 0;
}
