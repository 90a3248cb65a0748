import type { ClusterNode, Host, ObservedNode } from './cluster.ts';
import { nodeLabel } from './node-identity.ts';
import { quorumOf } from './quorum.ts';
import { type TabletHealth, tabletsInWords, unhealthyTablets } from './tablet-health.ts';
import type { RepositoryRow } from './topology.ts';
import { hasLooked, type NamedCheck, skipped, verdict } from './verdict.ts';
import { count } from './words.ts';

/** What was found out about a cluster for a report. Null = could not be asked, with the reason in `notAsked`. */
export type HealthFacts = {
  readonly nodes: readonly ObservedNode[];
  /** What is wrong with the list of nodes itself, e.g. a remnant of a frontend; left out = nothing. */
  readonly listProblems?: readonly string[];
  readonly replicas: TabletHealth | null;
  readonly repositories: readonly RepositoryRow[] | null;
  readonly singleReplicaTables: number | null;
  /** How the replicas are spread over the locations of the backends. */
  readonly spread: NamedCheck;
  /** Addresses (`host:port`) whose `/api/health` gave no good answer. */
  readonly unhealthyHttp: readonly string[];
  readonly hosts: readonly Host[];
  readonly attached: readonly ClusterNode[];
  /** Hosts that refused a login just now, with the reason. */
  readonly failedLogins: readonly string[];
  readonly newestBackupAt: Date | null;
  readonly now: Date;
  /** Why something could not be asked, by the name of its check. */
  readonly notAsked: Readonly<Record<string, string>>;
};

/** The limits from which disk use and the age of backups fail a check; percent and hours. */
const limits = { diskWarnPercent: 85, diskBlockPercent: 95, backupWarnHours: 48 } as const;

/** The whole report of a cluster that could not be asked. */
export function unreachableCheck(error: { message: string; hint: string | null }): NamedCheck {
  const hint = error.hint ?? 'Look at the frontends and at the network between.';
  return verdict('reachable', 'BLOCK', false, { observed: error.message, wanted: 'a frontend that answers', hint });
}

/** False for the report of a cluster that could not be asked, and for one in which no check that decides was made. */
export function couldLook(checks: readonly NamedCheck[]): boolean {
  return hasLooked(checks) && !checks.some(({ name, status }) => name === 'reachable' && status === 'FAIL');
}

/** The report: each check with what was seen, what is wanted and what to do. Pure; the same facts give the same report. */
export function evaluateHealth(facts: HealthFacts): readonly NamedCheck[] {
  return [
    ...aliveChecks(facts.nodes),
    leaderCheck(facts.nodes),
    quorumCheck(facts.nodes),
    ...listChecks(facts.listProblems ?? []),
    versionCheck(facts.nodes),
    decommissionCheck(facts.nodes),
    diskCheck(facts.nodes),
    httpCheck(facts),
    tabletCheck(facts),
    replicationCheck(facts),
    facts.spread,
    repositoryCheck(facts),
    backupCheck(facts),
    sshCheck(facts),
  ];
}

function aliveChecks(nodes: readonly ObservedNode[]): NamedCheck[] {
  const kinds = [
    ['frontends-alive', 'FRONTEND'],
    ['backends-alive', 'BACKEND'],
    ['compute-nodes-alive', 'COMPUTE_NODE'],
  ] as const;
  return kinds.flatMap(([name, kind]) => {
    const all = nodes.filter((node) => node.kind === kind);
    if (all.length === 0) return [];
    const down = all.filter((node) => !node.alive);
    const list = down
      .map((node) => `${nodeLabel(node)}${node.errorMessage ? ` (${node.errorMessage})` : ''}`)
      .join(', ');
    return [
      verdict(name, 'BLOCK', down.length === 0, {
        observed: down.length === 0 ? `${all.length} alive` : `down: ${list}`,
        wanted: `${all.length} alive`,
        hint: 'Look at the log of the node, then start it.',
      }),
    ];
  });
}

function leaderCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const leaders = nodes.filter((node) => node.role === 'LEADER' && node.alive);
  return verdict('leader', 'BLOCK', leaders.length === 1, {
    observed: leaders.length === 0 ? 'no leader' : leaders.map(nodeLabel).join(', '),
    wanted: 'one leader',
    hint: 'Without a leader nothing can be changed; look at the logs of the frontends.',
  });
}

function quorumCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const { electable, alive, majority, spare } = quorumOf(nodes);
  return verdict('frontend-redundancy', 'WARN', electable >= 3 && spare >= 1, {
    observed: `${alive} of ${electable} electable frontends alive, majority ${majority}`,
    wanted: 'one more may fail without losing the majority',
    hint: 'Run three or five follower frontends, all alive.',
  });
}

function listChecks(problems: readonly string[]): NamedCheck[] {
  if (problems.length === 0) return [];
  return [
    verdict('nodes-listed-once', 'WARN', false, {
      observed: problems.join('; '),
      wanted: 'every node once',
      hint: 'Nodes and majorities are counted by address meanwhile. Drop nothing by that address while the frontend runs.',
    }),
  ];
}

function versionCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const versions = [...new Set(nodes.map((node) => node.version).filter((version) => version !== null))];
  const silent = nodes.filter((node) => node.version === null && node.alive);
  if (versions.length === 0) return untold('same-version', 'no node has told');
  if (versions.length === 1 && silent.length > 0)
    return untold('same-version', `${versions[0]}; not told by ${silent.map(nodeLabel).join(', ')}`);
  return verdict('same-version', 'WARN', versions.length <= 1, {
    observed: versions.join(', ') || 'unknown',
    wanted: 'one version',
    hint: 'An upgrade was left half-way: finish it, or take it back.',
  });
}

function decommissionCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const leaving = nodes.filter((node) => node.decommissioning);
  if (nodes.length === 0) return untold('no-decommission', 'no node is known');
  return verdict('no-decommission', 'INFO', leaving.length === 0, {
    observed: leaving.map(nodeLabel).join(', ') || 'none',
    wanted: 'none',
    hint: 'A decommission is running; wait for it or cancel it.',
  });
}

/** A backend without disk use, or with one that cannot be read, may have the fullest disk of all. */
function diskCheck(nodes: readonly ObservedNode[]): NamedCheck {
  const used = nodes.flatMap((node) =>
    node.maxDiskUsedPercent === null ? [] : [{ label: nodeLabel(node), percent: node.maxDiskUsedPercent }],
  );
  const backends = nodes.filter(({ kind, alive }) => kind === 'BACKEND' && alive);
  const silent = backends.filter(({ maxDiskUsedPercent }) => maxDiskUsedPercent === null);
  const unread = nodes.flatMap((node) =>
    node.unreadDiskUse === undefined
      ? []
      : [`${nodeLabel(node)} says ${JSON.stringify(node.unreadDiskUse)}, which cannot be read`],
  );
  const [fullest] = used.toSorted((a, b) => b.percent - a.percent);
  if (fullest === undefined && unread.length === 0) return untold('disk-use', 'no backend has told');
  const mute = silent.filter(({ unreadDiskUse }) => unreadDiskUse === undefined).map(nodeLabel);
  const percent = fullest?.percent ?? 0;
  const isFine = percent < limits.diskWarnPercent && unread.length + mute.length === 0;
  return verdict('disk-use', percent >= limits.diskBlockPercent ? 'BLOCK' : 'WARN', isFine, {
    observed: [
      ...(fullest === undefined ? [] : [`${percent.toFixed(1)} % on ${fullest.label}`]),
      ...unread,
      ...(mute.length === 0 ? [] : [`not told by ${mute.join(', ')}`]),
    ].join('; '),
    wanted: `below ${limits.diskWarnPercent} %`,
    hint:
      percent < limits.diskWarnPercent
        ? 'Look at SHOW BACKENDS and at the disks of these backends.'
        : 'Add a backend or disks, or drop what is not needed.',
  });
}

function httpCheck({ unhealthyHttp, nodes }: HealthFacts): NamedCheck {
  if (unhealthyHttp.length === 0 && !nodes.some((node) => node.alive))
    return untold('http-health', 'no living node was asked');
  return verdict('http-health', 'WARN', unhealthyHttp.length === 0, {
    observed:
      unhealthyHttp.length === 0
        ? answering(nodes.filter((node) => node.alive).length)
        : `no good answer: ${unhealthyHttp.join(', ')}`,
    wanted: 'every living node answers /api/health',
    hint: 'The port may be closed to Starwarden, or the node hangs.',
  });
}

function tabletCheck({ replicas, notAsked }: HealthFacts): NamedCheck {
  if (replicas === null) return untold('tablets-healthy', notAsked['tablets-healthy'] ?? 'not asked');
  const unhealthy = unhealthyTablets(replicas);
  const { inconsistentTablets: inconsistent, errorStateTablets: broken } = replicas;
  return verdict(
    'tablets-healthy',
    inconsistent + broken > 0 ? 'BLOCK' : 'WARN',
    unhealthy + inconsistent + broken === 0,
    {
      observed: tabletsInWords(replicas),
      wanted: 'none',
      hint: "Unhealthy tablets repair themselves when every backend is alive; SHOW PROC '/statistic' names the database.",
    },
  );
}

function replicationCheck({ singleReplicaTables, notAsked }: HealthFacts): NamedCheck {
  if (singleReplicaTables === null) return untold('replication', notAsked.replication ?? 'not asked');
  return verdict('replication', 'WARN', singleReplicaTables === 0, {
    observed: `${count(singleReplicaTables, 'table')} with one replica`,
    wanted: '0',
    hint: 'They are away when their backend is, and lost with its disk: raise replication_num.',
  });
}

function repositoryCheck({ repositories, notAsked }: HealthFacts): NamedCheck {
  if (repositories === null) return untold('repositories', notAsked.repositories ?? 'not asked');
  const broken = repositories.filter((repository) => repository.errorMessage !== null);
  return verdict('repositories', 'WARN', repositories.length > 0 && broken.length === 0, {
    observed:
      broken.length > 0
        ? broken.map(({ name, errorMessage }) => `${name}: ${errorMessage ?? ''}`).join('; ')
        : count(repositories.length, 'repository'),
    wanted: 'at least one, all reachable',
    hint:
      repositories.length === 0
        ? 'Create a repository, so that backups can be taken.'
        : 'Check the credentials and the store.',
  });
}

function backupCheck({ newestBackupAt, now }: HealthFacts): NamedCheck {
  const hours = newestBackupAt === null ? null : (now.getTime() - newestBackupAt.getTime()) / 3_600_000;
  return verdict('backup-age', 'WARN', hours !== null && hours <= limits.backupWarnHours, {
    observed: hours === null ? 'no verified backup' : `${hours.toFixed(1)} h`,
    wanted: `a verified backup within ${limits.backupWarnHours} h`,
    hint: 'Take one with backUpDatabase.',
  });
}

function sshCheck({ hosts, attached, nodes, failedLogins }: HealthFacts): NamedCheck {
  if (hosts.length === 0) return untold('ssh', 'no hosts are attached: SQL only');
  const tied = attached.filter((node) => node.hostId !== null).length;
  return verdict('ssh', 'WARN', failedLogins.length === 0 && tied >= nodes.length, {
    observed:
      failedLogins.length > 0
        ? failedLogins.join('; ')
        : `${tied} of ${count(nodes.length, 'node')} with a host that answers`,
    wanted: 'a login on the host of every node',
    hint: 'Attach the hosts that are missing, or mend the access.',
  });
}

/** A check for something that could not be asked, or that no node reported. */
function untold(name: string, why: string): NamedCheck {
  return skipped(name, { why, wanted: 'to be known' });
}

function answering(nodes: number): string {
  return `${count(nodes, 'node')} ${nodes === 1 ? 'answers' : 'answer'}`;
}
