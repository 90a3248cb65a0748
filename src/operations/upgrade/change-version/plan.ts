import type { PlanResult, StepSpec } from '../../../domain/plan.ts';
import { upgradeChecks, upgradeRefusals } from '../../../domain/upgrade/checks.ts';
import type { UpgradeFacts, UpgradeNode } from '../../../domain/upgrade/checks-facts.ts';
import { neededParts } from '../../../domain/upgrade/checks-release.ts';
import type { ReplicaSpread } from '../../../domain/upgrade/checks-spread.ts';
import { judgePaths } from '../../../domain/upgrade/path.ts';
import type { Release } from '../../../domain/upgrade/release.ts';
import { isSameRelease } from '../../../domain/version.ts';
import { isSentFromHere, proveArchive } from '../../../steps/release/prove-archive.ts';
import { dropArchive, fetchArchive, unpackRelease } from '../../../steps/release/stage.ts';
import { holdForPerson } from '../../node/steps/hold.ts';
import { measureBaseline, sampleQueries } from '../../node/steps/queries.ts';
import { pauseTabletScheduling } from '../../node/steps/scheduling.ts';
import { frontendWaves, type Wave, workerWaves } from '../../node/waves.ts';
import { recordUpgrade } from '../steps/history.ts';
import { createMetadataImage, noteJournal } from '../steps/image.ts';
import type { NodeMove } from '../steps/place.ts';
import type { ChangeVersionInput } from './input.ts';
import { type LaneOptions, laneOf } from './lanes.ts';

export type ChangeVersionFacts = {
  readonly upgrade: UpgradeFacts;
  /** Which backends hold tablets together; null = not known, or nobody asked for more than one at a time. */
  readonly spread: ReplicaSpread | null;
};

/** A node that has to change, with everything that this takes. */
type MovingNode = UpgradeNode & { readonly id: string; readonly hostId: string; readonly deployDir: string };

/** How many hosts receive the archive at a time. */
const stagingWidth = 8;
/** Queries are watched no longer than this after each node; the canary is watched for as long as was asked. */
const longestWatchSeconds = 10;

/**
 * Stage everywhere, then node by node. Upgrades take backends and compute nodes first and the leader last; downgrades the
 * frontends first. Pure: the same input and facts give the same plan.
 */
export function planChangeVersion(
  direction: 'UPGRADE' | 'DOWNGRADE',
  input: ChangeVersionInput,
  { upgrade: facts, spread }: ChangeVersionFacts,
): PlanResult {
  const moving = facts.nodes.filter((node) => node.version === null || !isSameRelease(node.version, input.to));
  if (facts.nodes.length > 0 && moving.length === 0) {
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: `Every node of ${facts.clusterName} runs ${input.to} already`,
          hint: 'There is nothing to do. finalizeUpgrade removes the old binaries.',
        },
      ],
    };
  }
  const checks = upgradeChecks(facts, { ...input, direction });
  const refusals = upgradeRefusals(checks, input);
  const { release } = facts;
  if (refusals.length > 0 || release === null) return { refusals };
  const nodes = moving.filter(isPlaced);
  const warnings = checks.filter((check) => check.status === 'FAIL');
  const { steps, notes } = stepsOf(direction, input, { facts, spread, release, nodes });
  return {
    summary: summaryOf(direction, input, nodes, facts),
    steps,
    notes: [
      ...notes,
      ...warnings.map((check) => `${check.name}: ${check.observed}${check.hint === null ? '' : `. ${check.hint}`}`),
    ],
  };
}

type Given = {
  readonly facts: UpgradeFacts;
  readonly spread: ReplicaSpread | null;
  readonly release: Release;
  readonly nodes: readonly MovingNode[];
};

function stepsOf(
  direction: 'UPGRADE' | 'DOWNGRADE',
  input: ChangeVersionInput,
  { facts, spread, release, nodes }: Given,
): { steps: StepSpec[]; notes: string[] } {
  const versions = versionsOf(nodes);
  const watchSeconds = Math.min(input.soakSeconds, longestWatchSeconds);
  const options: LaneOptions = {
    swap: 'in',
    first: direction === 'UPGRADE' ? 'WORKERS' : 'FRONTENDS',
    // Without any time to watch there is nothing to compare.
    watch: watchSeconds === 0 ? null : { seconds: watchSeconds, factor: input.gateFactor },
    soak: null,
  };
  const soak = input.soakSeconds > 0 ? { seconds: input.soakSeconds, factor: input.gateFactor } : null;
  const lanesOf = (wave: Wave<MovingNode>, more: Partial<LaneOptions> = {}) =>
    wave.nodes.flatMap((node) => laneOf(moveOf(node, input, release, facts), stageOf(wave), { ...options, ...more }));
  const workers = workerWaves(
    nodes.filter((node) => node.kind !== 'FRONTEND'),
    { parallel: input.parallel, spread },
  );
  const frontends = frontendWaves(nodes.filter((node) => node.kind === 'FRONTEND'));
  const { canary } = workers;
  const workerSteps = [
    ...(canary === null ? [] : [...lanesOf(canaryWave(canary), { soak }), ...holdAfter(canary, input)]),
    ...workers.waves.flatMap((wave) => lanesOf(wave)),
  ];
  const frontendSteps = frontends.flatMap((wave) => lanesOf(wave));
  const steps = [
    recordUpgrade.with({ direction, fromVersion: versions.join(' and '), toVersion: input.to }),
    sampleQueries.with({}),
    ...provingOf(nodes, release),
    ...stagingOf(nodes, release),
    noteJournal.with({}),
    createMetadataImage.with({}),
    measureBaseline.with({ seconds: watchSeconds }),
    pauseTabletScheduling.with({}),
    ...(direction === 'UPGRADE' ? [...workerSteps, ...frontendSteps] : [...frontendSteps, ...workerSteps]),
  ];
  return { steps, notes: [...workers.notes, ...pointOfNoReturn(versions, input.to)] };
}

function canaryWave(node: MovingNode): Wave<MovingNode> {
  return { stage: 'Canary', nodes: [node], width: 1 };
}

function holdAfter(node: MovingNode, { pauseAfterCanary, to }: ChangeVersionInput): StepSpec[] {
  return pauseAfterCanary
    ? [holdForPerson.with({ message: `${node.label} runs ${to}. Look at it, then resume the run` })]
    : [];
}

function stageOf({ stage, width, nodes }: Wave<MovingNode>) {
  const mates = width > 1 ? nodes.map((node) => `${node.host}:${node.port}`) : [];
  return { stage, width, mates };
}

/** An archive that the hosts fetch or have themselves is proven by the hosts. */
function provingOf(nodes: readonly MovingNode[], { source, version, sha256 }: Release): StepSpec[] {
  if (!isSentFromHere(source.kind)) return [];
  return [proveArchive.with({ release: { version, sha256 }, source, parts: neededParts(nodes) })];
}

/** Once for each host: the archive is brought, every node of the host gets its part, the archive is removed. */
function stagingOf(nodes: readonly MovingNode[], { source, version, sha256, sizeBytes }: Release): StepSpec[] {
  const release = { version, sha256 };
  return [...Map.groupBy(nodes, (node) => node.hostId)].flatMap(([hostId, onHost]) => {
    const [first] = onHost;
    if (first === undefined) return [];
    const lane = { stage: 'Staging', name: first.host, width: stagingWidth };
    const host = { hostId, address: first.host, archiveDeployDir: first.deployDir, release };
    const staged = onHost.map(({ label, kind, deployDir, version: now }) => ({
      label,
      kind,
      deployDir,
      keptVersion: now ?? 'unknown',
    }));
    return [
      fetchArchive.with({ ...host, nodes: staged, source, sizeBytes }, lane),
      ...staged.map((node) => unpackRelease.with({ ...host, node }, lane)),
      dropArchive.with(host, lane),
    ];
  });
}

function moveOf(node: MovingNode, input: ChangeVersionInput, release: Release, facts: UpgradeFacts): NodeMove {
  const fromVersion = node.version ?? 'unknown';
  return {
    nodeId: node.id,
    label: node.label,
    kind: node.kind,
    host: node.host,
    port: node.port,
    hostId: node.hostId,
    deployDir: node.deployDir,
    unit: node.unit,
    fromVersion,
    toVersion: release.version,
    release: { version: release.version, sha256: release.sha256 },
    keptVersion: fromVersion,
    stopTimeoutSeconds: input.stopTimeoutSeconds,
    gateTimeoutSeconds: input.gateTimeoutSeconds,
    hasTablets: node.kind === 'BACKEND' && facts.runMode !== 'shared_data',
  };
}

function pointOfNoReturn(from: readonly string[], to: string): string[] {
  const { returnPath } = judgePaths({ from, to });
  if (returnPath.verdict !== 'FORBIDDEN') return [];
  const why = returnPath.reasons.find((reason) => reason.verdict === 'FORBIDDEN')?.message ?? '';
  return [`Point of no return: once the first frontend runs ${to}, the run cannot be undone. ${why}`];
}

function summaryOf(
  direction: 'UPGRADE' | 'DOWNGRADE',
  { to }: ChangeVersionInput,
  nodes: readonly MovingNode[],
  facts: UpgradeFacts,
): string {
  const count = (kind: UpgradeNode['kind'], word: string) => {
    const number = nodes.filter((node) => node.kind === kind).length;
    return number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`];
  };
  const parts = [
    ...count('BACKEND', 'backend'),
    ...count('COMPUTE_NODE', 'compute node'),
    ...count('FRONTEND', 'frontend'),
  ];
  const skipped = facts.nodes.length - nodes.length;
  const rest = skipped === 0 ? '' : `; ${skipped} run it already`;
  const verb = direction === 'UPGRADE' ? 'Upgrade' : 'Downgrade';
  return `${verb} ${facts.clusterName} from ${versionsOf(nodes).join(' and ')} to ${to}: ${parts.join(', ')}${rest}`;
}

function versionsOf(nodes: readonly UpgradeNode[]): string[] {
  return [...new Set(nodes.map((node) => node.version ?? 'unknown'))].toSorted();
}

/** The preflight refuses nodes that are not attached; this function tells the compiler so. */
function isPlaced(node: UpgradeNode): node is MovingNode {
  return node.id !== null && node.hostId !== null && node.deployDir !== null;
}
