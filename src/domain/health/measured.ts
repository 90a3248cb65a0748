import { subjectKey } from '../metrics/measurement.ts';
import { nodeLabel } from '../node-identity.ts';
import type { HealthFacts } from './facts.ts';
import { freshMs } from './points.ts';

/** The measurements, where they are new enough to say something of now. */
function fresh({ measured, now }: Pick<HealthFacts, 'measured' | 'now'>) {
  return measured !== null && now.getTime() - measured.at.getTime() <= freshMs ? measured.measurements : [];
}

/** The value of the whole cluster; null = not known. */
export function findOfCluster(facts: HealthFacts, metric: string): number | null {
  const found = fresh(facts).find((each) => each.metric === metric && subjectKey(each.subject) === '');
  return found?.value ?? null;
}

export type FullestDisk = {
  readonly label: string;
  /** 0 to 1; null = not known. */
  readonly share: number | null;
  /** Which disk it is. */
  readonly place: string;
};

/** The fullest disk of each backend that is alive: as the backend itself measures it, or else as the leader shows it. */
export function fullestDisks(facts: HealthFacts): readonly FullestDisk[] {
  const used = fresh(facts).filter(({ metric }) => metric === 'disk_used_share');
  const ofNode = Map.groupBy(used, ({ subject }) => subject.nodeId);
  return facts.nodes
    .filter(({ kind, alive }) => kind === 'BACKEND' && alive)
    .map((node) => {
      const label = nodeLabel(node);
      const [worst] = (ofNode.get(node.id) ?? []).toSorted((a, b) => b.value - a.value);
      if (worst !== undefined) return { label, share: worst.value, place: worst.subject.path ?? 'a disk' };
      const percent = node.maxDiskUsedPercent;
      return { label, share: percent === null ? null : percent / 100, place: 'the fullest disk' };
    });
}
