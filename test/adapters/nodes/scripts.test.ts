import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeArchives } from '../../sandbox/releases/installed.ts';
import { type NodeUnderTest, nodeContract } from './node-contract.ts';
import { nodeOnHost } from './node-on-host.ts';

afterAll(removeArchives);

nodeContract("StarRocks' scripts", () => nodeOnHost({ name: 'be', address: '127.0.1.88', by: 'scripts' }));

describe('a compute node', () => {
  let place: NodeUnderTest;
  beforeAll(async () => {
    place = await nodeOnHost({ name: 'cn', address: '127.0.1.89', by: 'scripts' });
    await place.reset();
  });
  afterAll(() => place?.close());

  it('is waited for although its stop script is not, and looks meanwhile as one that was told to end', async () => {
    await place.takesToEnd(3_000);
    const node = place.open();
    const call = { signal: AbortSignal.timeout(60_000) };
    const running = await node.start(call);
    expect(running).not.toBeNull();
    const stopping = node.stop(running, { graceful: true, timeoutSeconds: 30, version: '3.4.6' }, call);
    await expect.poll(() => node.stopState(running, call)).toBe('ending');
    expect(await stopping).toBe('ended');
    expect(await node.stopState(running, call)).toBe('ended');
  });
});
