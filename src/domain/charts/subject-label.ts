import type { MetricSubject } from '../metrics/measurement.ts';

export type SubjectNames = {
  /** Labels of nodes by their ids. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly clusterName: string;
};

/** What people call the subject of a value: `be 10.0.0.11:9050 /data1`, `database sales`, or the cluster. */
export function subjectLabel(subject: MetricSubject, { nodes, clusterName }: SubjectNames): string {
  const { nodeId, path, medium, database, user, job, endpoint } = subject;
  const parts = [
    ...(nodeId === undefined ? [] : [nodes.get(nodeId) ?? 'a node that has left']),
    ...(path === undefined ? [] : [path]),
    ...(medium === undefined ? [] : [medium]),
    ...(database === undefined ? [] : [`database ${database}`]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(job === undefined ? [] : [`routine load ${job}`]),
    ...(endpoint === undefined ? [] : [endpoint]),
  ];
  return parts.length === 0 ? clusterName : parts.join(' ');
}
