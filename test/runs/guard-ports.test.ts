import { expect, it } from 'vitest';
import { openNode } from '../../src/adapters/nodes/open-node.ts';
import type { Shell } from '../../src/adapters/ssh/port.ts';
import { AppError } from '../../src/errors.ts';
import { guardPorts } from '../../src/runs/drive/held-lease.ts';
import type { Ports } from '../../src/steps/define.ts';

const lost = {
  assertHeld: () => {
    throw new AppError('LEASE_LOST', 'The lease ran out');
  },
};
const call = () => ({ signal: AbortSignal.timeout(5_000) });

/** Ports to one host that notes what it is told, and says that no process runs. */
function oneHost() {
  const told: string[] = [];
  const shell: Shell = {
    run: async ({ name }) => {
      told.push(name);
      return { exitCode: 0, stdout: 'none\n', stderr: '' };
    },
    upload: async () => {
      told.push('upload');
    },
  };
  const place = { label: 'be', kind: 'BACKEND', deployDir: '/opt/be', unit: null } as const;
  const ports: Partial<Ports> = {
    node: async (_ref, guard) => openNode(shell, place, guard),
    shell: async () => shell,
    login: async () => shell,
  };
  return { told, ports: guardPorts(ports as Ports, lost) };
}

it('hands out nodes that look at the lease before they change anything, and may be read without it', async () => {
  const { told, ports } = oneHost();
  const node = await ports.node({ nodeId: 'nod_1', label: 'be', hostId: 'hst_1', deployDir: '/opt/be' });
  expect(await node.process(call())).toBeNull();
  await expect(node.start(call())).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(node.removeKept(call())).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(told).toEqual(['read-pid']);
});

it('hands out shells that look at the lease before an upload', async () => {
  const { told, ports } = oneHost();
  const file = { localPath: '/tmp/a', remotePath: '/tmp/b' };
  await expect((await ports.shell('hst_1')).upload(file)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(told).toEqual([]);
});
