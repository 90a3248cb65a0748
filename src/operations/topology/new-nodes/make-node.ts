import type { NodeKind } from '../../../domain/cluster.ts';
import { heapFor } from '../../../domain/deploy/conf-text.ts';
import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import { layOut } from '../../../domain/deploy/lay-out.ts';
import { type UnitOf, unitText } from '../../../domain/deploy/unit-text.ts';
import type { Refusal } from '../../../domain/plan.ts';
import type { NewNode } from '../new-node.ts';
import type { NodeToInstall } from '../steps/new-node-lane.ts';

/** A node that somebody wants on a host. */
export type NodeWish = {
  readonly kind: NodeKind;
  readonly role: 'FOLLOWER' | 'OBSERVER' | null;
  /** The address by which the cluster is to know it. */
  readonly host: string;
  readonly deployDir: string;
  /** Of a frontend; null = in the deploy directory. */
  readonly metaDir: string | null;
  readonly storage: readonly string[];
  readonly conf: readonly string[];
  /** How systemd is to start it; left out = StarRocks' own scripts run it. */
  readonly systemd?: Pick<UnitOf, 'user' | 'helper' | 'hostType'>;
};

export type OnHost = {
  readonly hostId: string;
  readonly hostAddress: string;
  /** Null = not known. */
  readonly memoryBytes: number | null;
  /** JAVA_HOME of whoever logs in, which systemd does not know; null = none is set, or it cannot be told. */
  readonly javaHome: string | null;
};

export function onHost(
  at: Pick<OnHost, 'hostId' | 'hostAddress'>,
  { memoryBytes, java }: Pick<MachineSurvey, 'memoryBytes' | 'java'>,
): OnHost {
  const home = 'value' in java ? (java.value[0]?.home ?? null) : null;
  return { ...at, memoryBytes: 'value' in memoryBytes ? memoryBytes.value : null, javaHome: home };
}

/** Nodes on ports of their own have units of their own, so that several of a kind may live on one host. */
function unitName(kind: NodeKind, port: number): string {
  const { name, usual } = units[kind];
  return `starrocks-${name}${port === usual ? '' : `-${port}`}.service`;
}

const units = {
  FRONTEND: { name: 'fe', usual: 9010 },
  BACKEND: { name: 'be', usual: 9050 },
  COMPUTE_NODE: { name: 'cn', usual: 9050 },
} as const;

/** Everything that decides what the node will be, or why it cannot be one. */
export function makeNode(
  wish: NodeWish,
  { hostId, hostAddress, memoryBytes, ...found }: OnHost,
  release: NewNode['release'],
): NodeToInstall | { readonly refusals: readonly Refusal[] } {
  const heapMegabytes = heapFor(memoryBytes);
  // Somebody's own line wins.
  const isGiven = wish.conf.some((line) => /^\s*JAVA_HOME\s*=/.test(line));
  const javaHome = wish.systemd === undefined || isGiven ? null : found.javaHome;
  const made = layOut({ ...wish, version: release.version, javaHome, heapMegabytes });
  if ('refusals' in made) return made;
  const { dataDirs, ports, ...laidOut } = made.node;
  const { kind, role, systemd } = wish;
  const unit = systemd === undefined ? null : unitName(kind, laidOut.port);
  const own = { role, hostId, hostAddress, unit, release };
  const node = { ...laidOut, ...own, dataDirs: [...dataDirs], ports: { ...ports } };
  return { node, unitText: systemd === undefined ? null : unitText({ ...node, ...systemd }) };
}
