import { expect, it } from 'vitest';
import { askHosts, hasNewHost } from '../../src/monitor/host-facts.ts';

const node = (id: string, hostId: string | null) => ({ id, kind: 'BACKEND', hostId, deployDir: null }) as const;
const answered = (...ids: readonly string[]) => ({
  clock_difference_seconds: { atMs: 0, values: ids.map((nodeId) => ({ subject: { nodeId }, value: 0 })) },
});

it('hosts are asked again at once when the first of them is attached: nobody waits for minutes to hear that there is none', async () => {
  const nobody = [node('a', null)];
  const asked = { nodes: nobody, at: new Date(), signal: AbortSignal.timeout(1_000) };
  const before = await askHosts({ shell: () => Promise.reject(new Error('nobody is asked')) }, asked);
  expect(before.clock_difference_seconds).toMatchObject({ problem: expect.stringContaining('attachHosts') });
  expect(hasNewHost(before, nobody)).toBe(false);
  expect(hasNewHost(before, [node('a', 'host-1')])).toBe(true);
});

it('and when a node beside others gets one, but not for what is asked in its turn anyway', () => {
  const both = [node('a', 'host-1'), node('b', 'host-2')];
  expect(hasNewHost(answered('a'), both)).toBe(true);
  expect(hasNewHost(answered('a', 'b'), both)).toBe(false);
  expect(hasNewHost(answered('a'), [node('a', 'host-1'), node('b', null)])).toBe(false);
  expect(hasNewHost({}, both)).toBe(false);
  const failing = { atMs: 9, problem: 'Starwarden failed to read it' };
  expect(hasNewHost({ clock_difference_seconds: failing }, both)).toBe(false);
});
