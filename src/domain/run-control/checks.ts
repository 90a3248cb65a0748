import { needsCompiler, whyNotStart } from '../deploy/jdk.ts';
import {
  aliveCheck,
  decommissionCheck,
  leaderCheck,
  mapAsked,
  noneCheck,
  queryCheck,
  quorumCheck,
  routineLoadCheck,
  singleReplicaCheck,
  spareWorkerCheck,
  tabletCheck,
} from '../upgrade/checks-cluster.ts';
import type { JavaOnHost, NodeFacts, NodeOnHost, UpgradeNode } from '../upgrade/checks-facts.ts';
import { answerCheck, attachedCheck, clockChecks, problemCheck, serviceCheck } from '../upgrade/checks-hosts.ts';
import { skipped, some, verdict } from '../upgrade/checks-verdict.ts';
import { minimumJdkOf } from '../upgrade/path.ts';
import type { NamedCheck } from '../verdict.ts';
import { parseVersion } from '../version.ts';

/** The checks before nodes are stopped and started again. A name is what a person writes into `acceptWarnings`. */
export const restartCheckNames = [
  'nodes-alive',
  'one-leader',
  'frontends-quorum',
  'spare-worker',
  'tablets-healthy',
  'no-decommission',
  'no-backup-or-restore',
  'no-schema-change',
  'loads-running',
  'routine-loads',
  'running-queries',
  'single-replica-tables',
  'hosts-attached',
  'hosts-answer',
  'service-control',
  'jdk',
  'conf-readable',
  'conf-changed',
  'frontend-clocks',
  'clocks',
] as const;

export type RestartQuestion = {
  /** The nodes to be restarted, out of the facts' own. */
  readonly targets: readonly UpgradeNode[];
  /** Nodes that are down may be left so. */
  readonly skipDown: boolean;
  readonly maxRunningQueries: number;
};

/**
 * The preflight of a rolling restart, one check after the other by name. What a restart takes with it is judged by which
 * nodes go: no replica goes with a frontend. Pure.
 */
export function restartChecks(facts: NodeFacts, asked: RestartQuestion): readonly NamedCheck[] {
  const { targets } = asked;
  const isOf = (kind: UpgradeNode['kind']) => targets.some((node) => node.kind === kind);
  const workers = isOf('BACKEND') || isOf('COMPUTE_NODE');
  return [
    downCheck(facts, asked),
    leaderCheck(facts.nodes),
    targets.some((node) => node.kind === 'FRONTEND' && node.role !== 'OBSERVER')
      ? quorumCheck(facts.nodes)
      : skipped('frontends-quorum', 'no frontend with a vote is restarted'),
    workers ? spareWorkerCheck(facts.nodes) : skipped('spare-worker', 'no backend or compute node is restarted'),
    ...(isOf('BACKEND')
      ? [tabletCheck(facts), decommissionCheck(facts.nodes)]
      : [skipped('tablets-healthy', 'no backend is restarted'), skipped('no-decommission', 'no backend is restarted')]),
    noneCheck('no-backup-or-restore', 'BLOCK', facts.backupJobs, {
      wanted: 'no backup or restore that runs',
      hint: 'It would fail when a backend stops: wait for it to end.',
    }),
    noneCheck(
      'no-schema-change',
      'WARN',
      mapAsked(facts.work, ({ schemaChanges }) => schemaChanges),
      {
        wanted: 'no schema change, rollup or optimization under way',
        hint: 'It may fail when a backend stops: wait for it to end.',
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
    queryCheck(facts, asked),
    isOf('BACKEND') ? singleReplicaCheck(facts) : skipped('single-replica-tables', 'no backend is restarted'),
    ...startChecks(facts, targets),
  ];
}

/** The part that concerns a start alone: hosts, services, the JDK and what stands in the configuration files now. */
export function startChecks(
  { hosts }: Pick<NodeFacts, 'hosts'>,
  targets: readonly UpgradeNode[],
): readonly NamedCheck[] {
  return [
    attachedCheck(targets),
    answerCheck(hosts, targets),
    serviceCheck(targets),
    javaCheck(targets),
    confReadableCheck(targets),
    confChangedCheck(targets),
    ...clockChecks(hosts),
  ];
}

/** Nodes that are down: nobody waits for one that was not asked for, and none is forgotten without a word. */
function downCheck(facts: NodeFacts, { skipDown }: RestartQuestion): NamedCheck {
  const check = aliveCheck(facts);
  if (check.status === 'PASS') return check;
  if (facts.nodes.length === 0 || !skipDown)
    return { ...check, hint: 'Look at its log and start it (startNodes), or leave it as it is with skipDown: true.' };
  return { ...check, severity: 'INFO', hint: 'They are left as they are.' };
}

/** Each frontend needs what its own version starts with: a restart takes the JDK that is there now. */
function javaCheck(targets: readonly UpgradeNode[]): NamedCheck {
  const frontends = targets.filter(({ kind }) => kind === 'FRONTEND');
  const wanted = 'the JDK that each frontend starts with';
  if (frontends.length === 0) return skipped('jdk', 'no frontend is started');
  const check = problemCheck('jdk', frontends, {
    problemOf: ({ java }, { version }) => whyNoJava(java, version),
    wanted,
    hint: 'JAVA_HOME in fe.conf names no JDK that will do any more: mend it before the frontend is stopped.',
  });
  const untold = frontends.flatMap(({ label, onHost }) => {
    const java = onHost !== null && 'value' in onHost ? onHost.value.java : null;
    return java !== null && 'unknown' in java ? [`${label}: cannot be told: ${java.unknown}`] : [];
  });
  if (check.status === 'FAIL' || untold.length === 0) return check;
  return verdict('jdk', 'WARN', false, {
    observed: some(untold),
    wanted,
    hint: 'Look by hand which JDK its start script takes, then accept the warning.',
  });
}

function whyNoJava(java: NodeOnHost['java'], version: string | null): string | null {
  if (java !== null && 'unknown' in java) return null;
  const parsed = parseVersion(version ?? '');
  const found: JavaOnHost | null = java;
  if (parsed === null || version === null) return found === null ? 'no JDK was found' : null;
  return whyNotStart(found, { minimum: minimumJdkOf(parsed), needsCompiler: needsCompiler(version) });
}

function confReadableCheck(targets: readonly UpgradeNode[]): NamedCheck {
  return problemCheck('conf-readable', targets, {
    problemOf: ({ confText }) => (confText === null ? 'its configuration file cannot be read' : null),
    wanted: 'a configuration file that can be read',
    hint: 'The start script needs it: look at conf/ in the directory of the node.',
  });
}

/** Clocks of files and of processes are rounded; a file written while the node was being started is not news. */
const roundingMs = 5_000;

/** A restart takes whatever stands in the file now, meant or not. */
function confChangedCheck(targets: readonly UpgradeNode[]): NamedCheck {
  const asked = targets.flatMap(({ label, onHost }) => {
    const times = onHost !== null && 'value' in onHost ? onHost.value.confTimes : undefined;
    return times === undefined ? [] : [{ label, ...times }];
  });
  if (asked.length === 0) return skipped('conf-changed', 'when the files were changed was not told');
  const changed = asked.filter(({ changedAt, startedAt }) => changedAt.getTime() - startedAt.getTime() > roundingMs);
  return verdict('conf-changed', 'WARN', changed.length === 0, {
    observed:
      changed.length === 0
        ? `unchanged on ${asked.length} of ${targets.length}`
        : some(
            changed.map(
              ({ label, changedAt, startedAt }) =>
                `${label}: changed ${inWords(changedAt)}, and it runs since ${inWords(startedAt)}`,
            ),
            20,
          ),
    wanted: 'configuration files from before the nodes were started',
    hint: 'The restart takes what stands there now: look whether that is meant.',
  });
}

function inWords(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
