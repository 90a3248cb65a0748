import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { PostCheck } from '../../../domain/run.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { count } from '../../../domain/words.ts';
import { messageOf } from '../../../errors.ts';
import type { UpdateClusterInput } from './plan.ts';

/** Passes when the cluster is stored as was asked, and answers to a login made of what is stored now. */
export async function checkUpdated(
  given: UpdateClusterInput,
  reading: Pick<Reading, 'inventory' | 'sql' | 'clusterId' | 'signal'>,
): Promise<PostCheck> {
  const cluster = await reading.inventory.findCluster(reading.clusterId);
  const isAsAsked =
    cluster !== null &&
    (given.name ?? cluster.name) === cluster.name &&
    (given.environment ?? cluster.environment) === cluster.environment &&
    (given.sqlUser ?? cluster.sqlUser) === cluster.sqlUser &&
    (given.password ?? cluster.passwordRef) === cluster.passwordRef;
  const known: NamedCheck = {
    name: 'cluster-known',
    status: isAsAsked ? 'PASS' : 'FAIL',
    severity: 'BLOCK',
    observed:
      cluster === null ? 'not in the inventory' : `${cluster.name} (${cluster.environment}), ${cluster.sqlUser}`,
    wanted: 'what was asked for',
    hint: 'Retry the run.',
  };
  const answers = await checkAnswer(reading);
  return { passed: known.status === 'PASS' && answers.status === 'PASS', checks: [known, answers] };
}

async function checkAnswer({ sql, signal }: Pick<Reading, 'sql' | 'signal'>): Promise<NamedCheck> {
  const name = 'cluster-answers';
  const wanted = 'the cluster shows its nodes to the login that is stored';
  try {
    const nodes = toObservedNodes(await readTopology(sql, { signal }));
    const frontends = nodes.filter(({ kind }) => kind === 'FRONTEND').length;
    const observed = `${count(nodes.length, 'node')}, of them ${count(frontends, 'frontend')}`;
    return { name, status: 'PASS', severity: 'BLOCK', observed, wanted, hint: '' };
  } catch (error) {
    signal.throwIfAborted();
    return { name, status: 'FAIL', severity: 'BLOCK', observed: messageOf(error), wanted, hint: 'Retry the run.' };
  }
}
