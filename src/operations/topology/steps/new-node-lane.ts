import type { Lane, StepSpec } from '../../../domain/plan.ts';
import type { Release } from '../../../domain/upgrade/release.ts';
import { dropArchive, fetchArchive, unpackRelease } from '../../../steps/release/stage.ts';
import type { NewNode } from '../new-node.ts';
import { claimPlace } from './claim-place.ts';
import { endNewNode } from './end-new-node.ts';
import { installNode } from './install-node.ts';
import { removeInstalled } from './remove-installed.ts';
import { awaitProcess, startNewNode } from './start-new-node.ts';
import { writeConf } from './write-conf.ts';
import { removeUnit, writeUnit } from './write-unit.ts';

/** A node that is to be installed, with the text of its unit; null = StarRocks' own scripts run it. */
export type NodeToInstall = { readonly node: NewNode; readonly unitText: string | null };

export type Archive = Pick<Release, 'source' | 'sizeBytes'>;

/**
 * Everything up to the first start, for nodes of one host and one release: places are claimed, the archive is brought once,
 * each node gets its part and its conf file, and the archive is removed. In one lane, since the nodes of a host share it.
 */
export function installSteps(nodes: readonly NodeToInstall[], archive: Archive, lane: Lane): StepSpec[] {
  const [first] = nodes;
  if (first === undefined) return [];
  const { hostId, hostAddress, deployDir, release } = first.node;
  const host = { hostId, address: hostAddress, archiveDeployDir: deployDir, release };
  const staged = nodes.map(({ node: { label, kind, deployDir } }) => ({ label, kind, deployDir, keptVersion: null }));
  return [
    ...nodes.map(({ node }) => claimPlace.with(node, lane)),
    fetchArchive.with({ ...host, nodes: staged, source: archive.source, sizeBytes: archive.sizeBytes }, lane),
    ...staged.map((node) => unpackRelease.with({ ...host, node }, lane)),
    ...nodes.flatMap(({ node, unitText }) => [
      installNode.with(node, lane),
      writeConf.with(node, lane),
      ...(node.unit === null || unitText === null
        ? []
        : [writeUnit.with({ ...node, unit: node.unit, text: unitText }, lane)]),
    ]),
    dropArchive.with(host, lane),
  ];
}

export type Start = {
  /** `host:edit_log_port` of a frontend that runs; null = a worker, or the first frontend of a new cluster. */
  readonly helper: string | null;
  readonly hostType: 'IP' | 'FQDN';
  /** True for the first frontend of a new cluster: nobody else knows of it. */
  readonly isAlone: boolean;
  /** For how long the process has to stay before it is believed. */
  readonly steadySeconds: number;
};

export function startSteps(node: NewNode, { helper, hostType, isAlone, steadySeconds }: Start, lane: Lane): StepSpec[] {
  return [
    startNewNode.with({ ...node, helper, hostType, isAlone }, lane),
    awaitProcess.with({ ...node, steadySeconds }, lane),
  ];
}

/** Everything that is done to one new node before the cluster is told of it, where it is alone on its host. */
export function newNodeLane(
  { node, unitText }: NodeToInstall,
  { archive, start, lane }: { readonly archive: Archive; readonly start: Start; readonly lane: Lane },
): StepSpec[] {
  return [...installSteps([{ node, unitText }], archive, lane), ...startSteps(node, start, lane)];
}

/**
 * The way back of a node that is in no cluster any more: its process is ended, and what was ours of it is removed. Each of
 * these steps does nothing where there is nothing of this run.
 */
export function takenAway(
  node: Omit<NewNode, 'conf'>,
  { isAlone, isThrownAway = false }: Pick<Start, 'isAlone'> & { readonly isThrownAway?: boolean },
  lane?: Lane,
): StepSpec[] {
  const { unit } = node;
  return [
    endNewNode.with({ ...node, isAlone, isThrownAway }, lane),
    ...(unit === null ? [] : [removeUnit.with({ ...node, unit }, lane)]),
    removeInstalled.with({ ...node, isAlone, isThrownAway }, lane),
  ];
}
