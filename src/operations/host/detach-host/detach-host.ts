import { z } from 'zod';
import type { Host } from '../../../domain/cluster.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, hostAddress, port } from '../../input/fields.ts';
import { forgetHost } from './forget-host.ts';

const input = z.object({
  clusterId,
  address: hostAddress,
  port: port.default(22).meta({ description: 'The SSH port, 22 by default.' }),
});

export const detachHost = defineOperation({
  name: 'detachHost',
  title: 'Detach a host',
  version: 1,
  summary: 'Forget the SSH access to a host; its nodes stay known, and can no longer be started, stopped or upgraded.',
  permission: 'host:attach',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', address: '10.0.0.11', port: 22 },
  slack: { verb: 'detach', positional: ['clusterId', 'address'], examples: ['detach old-dev 10.0.0.11'] },
  steps: [forgetHost],
  observe: async ({ clusterId: id, address, port: sshPort }, { inventory }) => ({
    host: await inventory.findHostByAddress(id, address, sshPort),
    hosts: await inventory.listHosts(id),
    nodes: await inventory.listNodes(id),
  }),
  plan: ({ address, port: sshPort }, { host, hosts, nodes }): PlanResult => {
    const place = `${address}:${sshPort}`;
    if (host === null) {
      const hint = hosts.length === 0 ? 'No host of this cluster is attached.' : `Attached are ${placesOf(hosts)}.`;
      return {
        refusals: [{ code: 'NOT_FOUND', message: `${place} is not attached`, hint, path: ['input', 'address'] }],
      };
    }
    const behind = hosts.filter(({ jumpHostId }) => jumpHostId === host.id);
    if (behind.length > 0) {
      return {
        refusals: [
          {
            code: 'PRECONDITION_FAILED',
            message: `${placesOf(behind)} ${behind.length === 1 ? 'is' : 'are'} reached through ${place}`,
            hint: 'Detach what lies behind it first, or attach it by another way.',
            path: ['input', 'address'],
          },
        ],
      };
    }
    const here = nodes.filter(({ hostId }) => hostId === host.id).map((node) => `${node.host}:${node.port}`);
    return {
      summary: `Detach ${place}`,
      steps: [forgetHost.with({ hostId: host.id, place })],
      notes: [
        'Its login and its pinned key are destroyed; nothing on the host is touched',
        ...(here.length === 0 ? [] : [`Starwarden can no longer start, stop or upgrade ${here.join(', ')}`]),
      ],
    };
  },
  postCheck: async ({ clusterId: id, address, port: sshPort }, { inventory }) => {
    const isGone = (await inventory.findHostByAddress(id, address, sshPort)) === null;
    return {
      passed: isGone,
      checks: [
        {
          name: 'host-forgotten',
          status: isGone ? 'PASS' : 'FAIL',
          severity: 'BLOCK',
          observed: isGone ? 'not in the inventory' : 'still in the inventory',
          wanted: 'not in the inventory',
          hint: 'Retry the run.',
        },
      ],
    };
  },
});

function placesOf(hosts: readonly Pick<Host, 'address' | 'port'>[]): string {
  return hosts.map(({ address, port: sshPort }) => `${address}:${sshPort}`).join(', ');
}
