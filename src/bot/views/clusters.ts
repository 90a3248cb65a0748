import type { KnownBlock } from '@slack/web-api';
import type { AlertHiding } from '../../domain/alert-hidings.ts';
import type { Cluster, ClusterNode, NodeKind, RemovedNode, StoppedNode } from '../../domain/cluster.ts';
import { compareWorstFirst, type HealthScore, scoreInWords } from '../../domain/health/score.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import { isTerminal, type Run, type RunState } from '../../domain/run.ts';
import { pictureVersions } from '../../domain/upgrade/cluster-versions.ts';
import type { UpgradeEntry } from '../../store/reads/upgrades.ts';
import { hidingSection } from './hidings.ts';
import { code, context, count, date, fitLines, header, type Message, safe, section } from './text.ts';

export type ClusterLine = {
  readonly cluster: Pick<Cluster, 'name' | 'environment' | 'observedAt' | 'problems'>;
  readonly nodes: readonly ClusterNode[];
  readonly openAlerts: number;
  readonly health: HealthScore;
  /** Upgrades and downgrades whose old binaries are still on the nodes, newest first. */
  readonly openUpgrades: readonly OpenUpgrade[];
  /** What keeps automation from beginning, in a word or two, see `heldWord`; null = nothing unusual. */
  readonly held: string | null;
};

export type OpenUpgrade = Pick<UpgradeEntry, 'direction' | 'fromVersion' | 'toVersion' | 'state' | 'runNumber'>;

/** All clusters the asker may see, the worst first. */
export function clusterList(found: readonly ClusterLine[]): Message {
  if (found.length === 0) return { text: 'There is no cluster that you may see.' };
  const clusters = found.toSorted((a, b) => compareWorstFirst(a.health, b.health));
  const lines = clusters.map((line) => {
    const dead = line.nodes.filter((node) => !node.alive).length;
    const facts = [
      line.cluster.environment,
      count(line.nodes.length, 'node'),
      ...(dead === 0 ? [] : [`${dead} not alive`]),
      ...(line.openAlerts === 0 ? [] : [count(line.openAlerts, 'open alert')]),
    ];
    return `*${scoreInWords(line.health)}* ${code(line.cluster.name, 60)} · ${facts.map((fact) => safe(fact, 60)).join(' · ')}${mixedOf(line)}${line.held === null ? '' : ` · ${line.held}`}${worstOf(line.health)}`;
  });
  const blocks: KnownBlock[] = [
    section(fitLines(lines, 2900)),
    context('`/sr status …` with a name shows one of them.'),
  ];
  return {
    text: `${count(clusters.length, 'cluster')}: ${safe(clusters.map((line) => `${line.cluster.name} ${scoreInWords(line.health)}`).join('; '), 600)}`,
    blocks,
  };
}

export type StatusData = ClusterLine & {
  readonly openRuns: readonly Run[];
  readonly lastRun: Run | null;
  readonly alertLines: readonly string[];
  readonly hidings: readonly AlertHiding[];
  /** Nodes that runs took out and whose data is still there. */
  readonly removedNodes: readonly RemovedNode[];
  /** What the calendar says, see `automationLines`. */
  readonly automationLines: readonly string[];
  /** Nodes that a run is working on, by id, with the number of the run: whatever is wrong with them is planned. */
  readonly workedOn: ReadonlyMap<string, number>;
  /** Nodes that were stopped on purpose and not started since, by id. */
  readonly stopped: ReadonlyMap<string, StoppedNode>;
};

/** One cluster: nodes by kind, runs, alerts, how old the picture is. */
export function clusterStatus(data: StatusData): Message {
  const { cluster, nodes } = data;
  const health = scoreInWords(data.health);
  const problems = cluster.problems.map((problem) => `• ${safe(problem, 300)}`);
  const blocks: KnownBlock[] = [
    header(`${cluster.name}: ${health}`),
    section([safe(cluster.environment, 60), versionsOf(nodes), seen(cluster.observedAt)].join(' · ')),
    ...healthSection(data.health),
    ...upgradeSection(data),
    ...(problems.length === 0
      ? []
      : [
          section(`*Problems*\n${fitLines(problems, 1500)}`),
          context(`The nodes below are ${seen(cluster.observedAt)}.`),
        ]),
    ...nodeSection('FRONTEND', 'Frontends', data),
    ...nodeSection('BACKEND', 'Backends', data),
    ...nodeSection('COMPUTE_NODE', 'Compute nodes', data),
    ...removedSection(data.removedNodes),
    ...(data.alertLines.length === 0 ? [] : [section(`*Open alerts*\n${fitLines(data.alertLines, 1200)}`)]),
    ...hidingSection(data.hidings),
    ...(data.automationLines.length === 0
      ? []
      : [section(`*What may begin by itself*\n${fitLines(data.automationLines, 1200)}`)]),
    section(`*Runs*\n${fitLines(runLines(data), 1200)}`),
  ];
  const alive = nodes.filter((node) => node.alive).length;
  const when = problems.length === 0 ? '' : ' when last seen';
  return {
    text: safe(
      `${cluster.name} is ${health}: ${alive} of ${count(nodes.length, 'node')} alive${when}, ${count(data.openAlerts, 'open alert')}.${data.held === null ? '' : ` ${data.held.replaceAll('*', '')}.`}`,
      400,
    ),
    blocks,
  };
}

/** The most expensive deduction, or else the first thing that is not known; and that something is done on purpose. */
function worstOf({ deductions: [worst], unknown: [gap], plannedWork: [work] }: HealthScore): string {
  const planned = work === undefined ? '' : ` · on purpose: ${safe(work, 100)}`;
  if (worst !== undefined) return ` · ${safe(worst.because, 200)} (−${worst.points})${planned}`;
  return `${gap === undefined ? '' : ` · not known: ${safe(gap, 150)}`}${planned}`;
}

/** What the score is made of; nothing for a cluster that has all points. */
function healthSection({ score, deductions, unknown, plannedWork }: HealthScore): KnownBlock[] {
  const lost = deductions.map(({ name, points, because, subject, alerts, alsoTold }) => {
    const about = because.includes(subject) || subject === 'the cluster' ? '' : ` (${safe(subject, 80)})`;
    const more = alsoTold.length - 2;
    const also = alsoTold.slice(0, 2).map((words) => safe(words, 120));
    const told = alsoTold.length === 0 ? '' : ` · also told: ${also.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
    const from = [safe(name, 60), ...alerts.slice(0, 3)].join(', ');
    return `• −${points}: ${safe(because, 250)}${about} · ${from}${told}`;
  });
  const gaps = unknown.map((because) => `• not known: ${safe(because, 200)}`);
  const work = plannedWork.map((words) => `• on purpose: ${safe(words, 200)}`);
  const lines = [...gaps, ...lost, ...work];
  const title = score === null ? 'No score: what was last known' : 'What the score of 100 lacks';
  return lines.length === 0 ? [] : [section(`*${title}*\n${fitLines(lines, 2000)}`)];
}

function removedSection(removed: readonly RemovedNode[]): KnownBlock[] {
  if (removed.length === 0) return [];
  const lines = removed.map((node) => {
    const ended = {
      true: 'its process has ended',
      false: '*its process runs*',
      null: '*nobody looked at its process*',
    };
    const dirs =
      node.dataDirs.length === 0 ? 'where its data lies is not known' : `data in ${node.dataDirs.join(', ')}`;
    return `• ${safe(nodeLabel(node), 80)} · ${ended[`${node.processEnded}`]} · ${safe(dirs, 300)}`;
  });
  return [section(`*Left behind by nodes that were taken out*\n${fitLines(lines, 1200)}`)];
}

function nodeSection(kind: NodeKind, title: string, { nodes, workedOn, stopped }: StatusData): KnownBlock[] {
  const found = nodes.filter((node) => node.kind === kind);
  if (found.length === 0) return [];
  const isMixed = pictureVersions(nodes).state === 'MIXED';
  const lines = found.map((node) => {
    const run = workedOn.get(node.id);
    const facts = [
      node.alive ? 'alive' : stoppedWord(stopped.get(node.id)),
      ...(run === undefined ? [] : [`R-${run} works on it`]),
      ...(isMixed ? [safe(node.version ?? 'version unknown', 40)] : []),
      ...(node.role === null ? [] : [safe(node.role, 20)]),
      ...(node.decommissioning ? ['being drained'] : []),
      ...(node.location === null ? [] : [safe(node.location, 60)]),
      ...(node.maxDiskUsedPercent === null ? [] : [`disk ${Math.round(node.maxDiskUsedPercent)} %`]),
      ...(node.alive || node.errorMessage === null || node.errorMessage === '' ? [] : [safe(node.errorMessage, 120)]),
    ];
    return `${code(nodeLabel(node))} ${facts.join(' · ')}`;
  });
  return [section(`*${title}*\n${fitLines(lines, 1800)}`)];
}

/** Nobody has to find out why a node is down that somebody stopped. */
function stoppedWord(stopped: StoppedNode | undefined): string {
  if (stopped === undefined) return '*NOT ALIVE*';
  const { byName, runNumber, at } = stopped;
  return `*stopped on purpose* by ${safe(byName, 40)} (R-${runNumber}) ${date(at, 'day')}`;
}

function versionsOf(nodes: readonly ClusterNode[]): string {
  const { state, summary } = pictureVersions(nodes);
  switch (state) {
    case 'UNIFORM':
      return `version ${safe(nodes[0]?.version ?? '', 40)}`;
    case 'MIXED':
      return `*mixed versions*: ${safe(summary, 300)}`;
    case 'UNKNOWN':
      return nodes.every((node) => node.version === null) ? 'version unknown' : safe(summary, 300);
    default:
      return state satisfies never;
  }
}

/** In a list, versions are shown only when they are mixed. */
function mixedOf({ nodes, openUpgrades: [newest] }: ClusterLine): string {
  const { state, summary } = pictureVersions(nodes);
  if (state !== 'MIXED') return '';
  const run = newest === undefined ? '' : `, R-${newest.runNumber} is ${wordOf(newest.state)}`;
  return ` · *mixed versions*: ${safe(summary, 200)}${run}`;
}

/** The runs that explain the cluster's versions, and what is left to do about them. */
function upgradeSection(data: StatusData): KnownBlock[] {
  const { openUpgrades } = data;
  if (openUpgrades.length === 0) return [];
  const lines = openUpgrades.map(
    ({ direction, fromVersion, toVersion, state, runNumber }) =>
      `R-${runNumber} ${direction === 'UPGRADE' ? 'upgrades' : 'downgrades'} from ${safe(fromVersion, 80)} to ${safe(toVersion, 40)}: *${wordOf(state)}*`,
  );
  return [section(fitLines([...lines, ...whatNext(data)], 1000))];
}

function whatNext({ cluster, nodes, openUpgrades }: StatusData): string[] {
  if (pictureVersions(nodes).state !== 'UNIFORM' || openUpgrades.some(({ state }) => !isTerminal(state))) return [];
  const finalize = code(`/sr finalize ${cluster.name}`);
  const failed = openUpgrades.find(({ state }) => state === 'FAILED' || state === 'CANCELED');
  return failed === undefined
    ? [`The old binaries are kept until ${finalize}.`]
    : [`What R-${failed.runNumber} put on the nodes stays there until it is undone, or until ${finalize}.`];
}

function wordOf(state: RunState): string {
  return state.replace('_', ' ');
}

function seen(observedAt: Date | null): string {
  return observedAt === null ? 'never seen yet' : `as last seen ${date(observedAt)}`;
}

function runLines({ openRuns, lastRun }: StatusData): string[] {
  const open = openRuns.map((run) => runLine(run));
  const last = lastRun === null ? [] : [`last: ${runLine(lastRun)}`];
  return open.length + last.length === 0 ? ['none yet'] : [...open, ...last];
}

/** One run on one line. */
function runLine(run: Run): string {
  const when = (isTerminal(run.state) ? run.finishedAt : null) ?? run.startedAt ?? run.createdAt;
  return `*${run.state.replace('_', ' ')}* R-${run.number} · ${safe(run.plan.summary, 200)} · ${safe(run.clusterName, 60)} · by ${safe(run.requestedByName, 40)} ${date(when, 'day')}`;
}

/** Newest first. */
export function runList(runs: readonly Run[]): Message {
  if (runs.length === 0) return { text: 'There are no runs that you may see.' };
  const shown = fitLines(runs.map(runLine), 2900);
  return {
    text: `${count(runs.length, 'run')}, newest first: ${safe(runs.map((run) => `R-${run.number} ${run.state}`).join(', '), 500)}`,
    blocks: [section(shown), context('`/sr run R-…` shows one of them.')],
  };
}
