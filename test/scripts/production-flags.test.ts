import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { productionFlags } from '../../scripts/lib/node-child.mjs';

it('starts Starwarden in the image as `npm start` does', () => {
  const image = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const command: unknown = JSON.parse(/^CMD (\[.*\])$/m.exec(image)?.[1] ?? '');
  expect(command).toEqual(['node', ...productionFlags, 'dist/main.js']);
});
