import { setTimeout as sleep } from 'node:timers/promises';
import { parseConf } from '../conf.ts';
import { httpGet } from '../http-client.ts';
import type { NodeLog } from '../node-log.ts';
import type { Pace } from '../pace.ts';
import { type Address, callNode } from '../rpc.ts';
import type { FrontendRole } from '../sql/ast.ts';
import type { FrontendIdentity } from './identity.ts';
import type { GroupCalls } from './meta/group.ts';

type Ask = { helper: Address; httpPort: number; self: Address; hostType: 'IP' | 'FQDN'; pace: Pace; log: NodeLog };

/** Asks the helper every 5 s until this frontend was added; starting before ADD FOLLOWER is as good as after it. */
export async function askHelper({ helper, httpPort, self, hostType, pace, log }: Ask): Promise<FrontendIdentity> {
  while (true) {
    try {
      const base = `http://${helper.host}:${httpPort}`;
      const timeoutMs = pace.atLeast(5000, 1000);
      const { headers } = await httpGet(`${base}/role?host=${self.host}&port=${self.port}`, timeoutMs);
      if (typeof headers.name === 'string') {
        const version = parseConf((await httpGet(`${base}/version`, timeoutMs)).body);
        const clusterId = version.get('clusterId') ?? '';
        const role = headers.role === 'OBSERVER' ? 'OBSERVER' : 'FOLLOWER';
        return { role, name: headers.name, hostType, clusterId, token: version.get('token') ?? '' };
      }
      log('WARN', 'current node is not added to the group. please add it first. sleep 5 seconds and retry');
    } catch (error) {
      log(
        'WARN',
        `cannot get the role from helper ${helper.host}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    await sleep(pace.atLeast(5000, 200));
  }
}

type Join = { name: string; role: FrontendRole; self: Address; candidates: () => Address[]; pace: Pace };

/** Makes itself known to the leader, whoever that is; false when the leader says that this frontend is not one of its. */
export async function joinGroup({ name, role, self, candidates, pace }: Join): Promise<boolean> {
  const request = { name, role, host: self.host, editLogPort: self.port };
  while (true) {
    for (const candidate of candidates()) {
      const reply = await askToJoin(candidate, request, pace);
      if (reply?.accepted) return true;
      if (reply?.leader === null) return false;
    }
    await sleep(pace.atLeast(1000, 100));
  }
}

/** `leader: null` with a refusal means that the one who answered is the leader. */
async function askToJoin(candidate: Address, request: GroupCalls['join'][0], pace: Pace) {
  try {
    const timeoutMs = pace.atLeast(5000, 1000);
    const reply = await callNode<GroupCalls, 'join'>(candidate, 'join', request, { timeoutMs });
    if (reply.accepted || reply.leader === null) return reply;
    return await callNode<GroupCalls, 'join'>(reply.leader, 'join', request, { timeoutMs });
  } catch {
    return null;
  }
}
