import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { claimAddressBlock, isFree } from '../../../sandbox/world/address-block.ts';

it('gives every world a block of its own and takes it back', async () => {
  const blocks = await Promise.all(Array.from({ length: 20 }, () => claimAddressBlock()));
  expect(new Set(blocks.map((block) => block.prefix)).size).toBe(20);
  const [first] = blocks;
  expect(first?.address(21)).toMatch(/^127\.\d+\.\d+\.21$/);
  expect(await isFree(`${first?.prefix}.1`, 47_123)).toBe(false);
  await Promise.all(blocks.map((block) => block.release()));
  expect(await isFree(`${first?.prefix}.1`, 47_123)).toBe(true);
});

it('sees a port as taken when somebody listens on all addresses', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '0.0.0.0', port: 0 }, resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  expect(await isFree('127.77.0.1', port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await isFree('127.77.0.1', port)).toBe(true);
});
