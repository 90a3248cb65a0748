import { quorumOf } from '../quorum.ts';
import { tabletsInWords, unhealthyTablets } from '../tablet-health.ts';
import type { NamedCheck } from '../verdict.ts';
import { count } from '../words.ts';
import type { Asked, NodeFacts, UpgradeFacts, UpgradeLimits, UpgradeNode } from './checks-facts.ts';
import { partition, skipped, some, type UpgradeCheckName, unanswered, verdict } from './checks-verdict.ts';

/**
 * A leader makes an image each 50,000 journal entries. With twice as many, images fail, and a frontend that restarts would
 * have to replay them all.
 */
const mostEntriesBehind = 100_000;

/** Checks about what the cluster itself says. */
export function clusterChecks(facts: UpgradeFacts, limits: UpgradeLimits): NamedCheck[] {
  return [
    aliveCheck(facts),
    leaderCheck(facts.nodes),
    quorumCheck(facts.nodes),
    spareWorkerCheck(facts.nodes),
    tabletCheck(facts),
    decommissionCheck(facts.nodes),
    noneCheck('no-backup-or-restore', 'BLOCK', facts.backupJobs, {
      wanted: 'no backup or restore that runs',
      hint: 'It would fail when a backend stops: wait for it to end.',
    }),
    noneCheck(
      'no-schema-change',
      'BLOCK',
      mapAsked(facts.work, ({ schemaChanges }) => schemaChanges),
      {
        wanted: 'no schema change, rollup or optimization under way',
        hint: 'Wait for it to end, or cancel it.',
      },
    ),
    noneCheck(
      'loads-running',
      'WARN',
      mapAsked(facts.work, ({ loads }) => loads),
      {
        wanted: 'no load that runs',
        hint: 'What a node was loading when it stops begins again or fails: wait for the loads to end.',
      },
    ),
    routineLoadCheck(facts),
    queryCheck(facts, limits),
    singleReplicaCheck(facts),
    backupCheck(facts, limits),
    imageCheck(facts),
  ];
}

export function aliveCheck({ nodes, listProblems = [] }: Pick<NodeFacts, 'nodes' | 'listProblems'>): NamedCheck {
  const down = nodes.filter((node) => !node.alive);
  return verdict('nodes-alive', 'BLOCK', down.length === 0 && nodes.length > 0, {
    observed:
      down.length === 0
        ? [`${nodes.length} alive`, ...listProblems].join('; ')
        : `down: ${some(down.map(({ label, errorMessage }) => (errorMessage ? `${label} (${errorMessage})` : label)))}`,
    wanted: 'every node alive',
    hint: 'Look at the log of the node and start it, or drop it from the cluster.',
  });
}

export function leaderCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  const leaders = nodes.filter((node) => node.role === 'LEADER' && node.alive);
  return verdict('one-leader', 'BLOCK', leaders.length === 1, {
    observed: leaders.map(({ label }) => label).join(', ') || 'no leader',
    wanted: 'one leader',
    hint: 'Look at the logs of the frontends.',
  });
}

/** The rule of `restart-safety`, for each frontend. */
export function quorumCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  const { electable, alive, majority, spare } = quorumOf(nodes);
  const isAlone = electable === 1;
  return verdict('frontends-quorum', isAlone ? 'WARN' : 'BLOCK', spare >= 1, {
    observed: `${alive} of ${electable} electable frontends alive, majority ${majority}`,
    wanted: 'a majority of living frontends while one of them restarts',
    hint: isAlone
      ? 'It is the only frontend: nobody can log in while it restarts. Add two more if that cannot be.'
      : electable === 2
        ? 'Of two frontends none can be spared: the other one gives up and exits. Add a third one first.'
        : 'Bring the other frontends up first.',
  });
}

export function spareWorkerCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  const workers = nodes.filter((node) => node.kind !== 'FRONTEND' && node.alive);
  return verdict('spare-worker', 'WARN', workers.length > 1, {
    observed: `${count(workers.length, 'backend or compute node', 'backends and compute nodes')} alive`,
    wanted: 'another one that runs queries while one restarts',
    hint: 'No query can run while the only one restarts.',
  });
}

export function tabletCheck({ replicas, runMode }: Pick<NodeFacts, 'replicas' | 'runMode'>): NamedCheck {
  const name = 'tablets-healthy';
  const wanted = 'every tablet with all its replicas';
  if (runMode === 'shared_data') return skipped(name, 'shared data: tablets live in the object store');
  if ('failed' in replicas) return unanswered(name, 'BLOCK', { why: replicas.failed, wanted });
  const { inconsistentTablets, errorStateTablets } = replicas.value;
  return verdict(name, 'BLOCK', unhealthyTablets(replicas.value) + inconsistentTablets + errorStateTablets === 0, {
    observed: tabletsInWords(replicas.value),
    wanted,
    hint: "They repair themselves when every backend is alive; SHOW PROC '/statistic' names the database.",
  });
}

export function decommissionCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  const leaving = nodes.filter((node) => node.decommissioning);
  if (nodes.length === 0) return skipped('no-decommission', 'no node is known');
  return verdict('no-decommission', 'BLOCK', leaving.length === 0, {
    observed: leaving.map(({ label }) => label).join(', ') || 'none',
    wanted: 'no backend that is being emptied',
    hint: 'Wait for the decommission to end, or cancel it.',
  });
}

export function noneCheck(
  name: UpgradeCheckName,
  severity: 'BLOCK' | 'WARN',
  asked: Asked<readonly string[]>,
  { wanted, hint }: { wanted: string; hint: string },
): NamedCheck {
  if ('failed' in asked) return unanswered(name, severity, { why: asked.failed, wanted });
  return verdict(name, severity, asked.value.length === 0, { observed: some(asked.value) || 'none', wanted, hint });
}

export function routineLoadCheck({ routineLoads }: Pick<NodeFacts, 'routineLoads'>): NamedCheck {
  if ('failed' in routineLoads) return skipped('routine-loads', routineLoads.failed);
  return verdict('routine-loads', 'INFO', routineLoads.value === 0, {
    observed: `${routineLoads.value} running`,
    wanted: 'to be known',
    hint: 'They go on by themselves after each restart; a job that pauses has to be resumed.',
  });
}

export function queryCheck(
  { runningQueries }: Pick<NodeFacts, 'runningQueries'>,
  { maxRunningQueries }: Pick<UpgradeLimits, 'maxRunningQueries'>,
): NamedCheck {
  if ('failed' in runningQueries) return skipped('running-queries', runningQueries.failed);
  return verdict('running-queries', 'WARN', runningQueries.value <= maxRunningQueries, {
    observed: `${runningQueries.value} now`,
    wanted: `${maxRunningQueries} at most`,
    hint: 'Those on a node that outlives its time to stop are lost: choose a quieter hour.',
  });
}

export function singleReplicaCheck({
  singleReplicaTables: asked,
  runMode,
}: Pick<NodeFacts, 'singleReplicaTables' | 'runMode'>): NamedCheck {
  const name = 'single-replica-tables';
  const wanted = 'no table with one replica';
  if (runMode === 'shared_data') return skipped(name, 'shared data: tablets live in the object store');
  if ('failed' in asked) return unanswered(name, 'WARN', { why: asked.failed, wanted });
  return verdict(name, 'WARN', asked.value === 0, {
    observed: `${count(asked.value, 'table')} with one replica`,
    wanted,
    hint: 'They cannot be queried or loaded while their backend restarts.',
  });
}

function backupCheck({ newestBackupAt, now }: UpgradeFacts, { maxBackupAgeHours }: UpgradeLimits): NamedCheck {
  const hours = newestBackupAt === null ? null : (now.getTime() - newestBackupAt.getTime()) / 3_600_000;
  return verdict('backup-fresh', 'WARN', hours !== null && hours <= maxBackupAgeHours, {
    observed: hours === null ? 'no verified backup' : `${hours.toFixed(1)} h old`,
    wanted: `a verified backup within ${maxBackupAgeHours} h`,
    hint: 'Take one with backUpDatabase.',
  });
}

function imageCheck({ images }: UpgradeFacts): NamedCheck {
  if (images.length === 0) return skipped('image-fresh', 'no living frontend was asked');
  const { answered, failed } = partition(images.map(({ label, image }) => ({ label, answer: image })));
  const behind = answered.map(({ label, value }) => ({
    label,
    entries: value.journalId - Math.max(0, value.checkpointJournalId),
  }));
  const late = behind.filter(({ entries }) => entries > mostEntriesBehind);
  const worst = Math.max(0, ...behind.map(({ entries }) => entries));
  const problems = [...late.map(({ label, entries }) => `${label} is ${entries} entries behind`), ...failed];
  return verdict('image-fresh', 'WARN', problems.length === 0, {
    observed: problems.length === 0 ? `${worst} journal entries behind at most` : some(problems),
    wanted: `an image on every frontend, at most ${mostEntriesBehind} journal entries behind`,
    hint: 'Look for failed checkpoints in the log of the leader; the upgrade asks for an image too.',
  });
}

export function mapAsked<T, R>(asked: Asked<T>, map: (value: T) => R): Asked<R> {
  return 'failed' in asked ? asked : { value: map(asked.value) };
}
