import { expect, it } from 'vitest';
import { openNode } from '../../../src/adapters/nodes/open-node.ts';
import { startForMove } from '../../../src/operations/upgrade/steps/power.ts';
import type { Ports } from '../../../src/steps/define.ts';

const move = {
  nodeId: 'nod_1',
  label: 'be 10.0.1.1:9050',
  kind: 'BACKEND',
  host: '10.0.1.1',
  port: 9050,
  hostId: 'hst_1',
  deployDir: '/opt/be',
  unit: null,
  fromVersion: '3.4.6',
  toVersion: '3.5.0',
  release: { version: '3.5.0', sha256: 'a'.repeat(64) },
  keptVersion: '3.4.6',
  stopTimeoutSeconds: 60,
  hasTablets: true,
  gateTimeoutSeconds: 60,
};

it('is sent again when Starwarden died before it knew whether the script ran, even after an hour', async () => {
  const silent = { run: async () => ({ exitCode: 0, stdout: 'none\n', stderr: '' }), upload: async () => {} };
  const place = { label: move.label, kind: 'BACKEND', deployDir: move.deployDir, unit: null } as const;
  const ports: Partial<Ports> = { node: async () => openNode(silent, place) };
  const found = await startForMove.check(move, ports as Ports, {
    runId: 'run_1',
    clusterId: 'clu_1',
    signal: AbortSignal.timeout(5_000),
    now: () => new Date('2026-01-01T01:00:00Z'),
    log: () => {},
    startedAt: new Date('2026-01-01T00:00:00Z'),
    attempts: 1,
    applied: false,
    waitingLanes: 0,
    earlier: async () => ({ kind: 'guardNode', facts: { process: null, startedAt: null, version: null } }),
  });
  expect(found).toEqual({ state: 'todo' });
});
