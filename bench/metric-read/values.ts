import { catalogue } from '../../src/domain/metrics/catalogue/index.ts';
import type { Measurement, MetricSubject } from '../../src/domain/metrics/measurement.ts';
import type { Metric } from '../../src/domain/metrics/metric.ts';
import { newId } from '../../src/ids.ts';

const nodeCount = 20;

export type Values = {
  /** Names of metrics that every node has. */
  readonly ofNodes: readonly string[];
  /** In each look. */
  readonly count: number;
  next(): readonly Measurement[];
};

/**
 * A value of every metric of the catalogue for each of 20 nodes, of two disks a node, of ten databases, users and routine loads. Of
 * five values two stand still, and three wander by up to two percent of where they are with each look.
 */
export function createValues(): Values {
  const nodes = Array.from({ length: nodeCount }, () => newId('nod'));
  const series = catalogue.flatMap((metric) =>
    subjectsOf(metric, nodes).map((subject) => ({ metric: metric.name, subject })),
  );
  const random = createRandom();
  const values = series.map(() => random() * 10 ** (1 + Math.floor(random() * 6)));
  return {
    ofNodes: catalogue.filter(({ scope }) => scope === 'NODE').map(({ name }) => name),
    count: series.length,
    next: () =>
      series.map((one, at) => {
        const value = values[at] ?? 0;
        const moved = at % 5 < 2 ? value : value * (1 + (random() - 0.5) * 0.04);
        values[at] = moved;
        return { ...one, value: moved };
      }),
  };
}

function subjectsOf({ scope, overall }: Metric, nodes: readonly string[]): MetricSubject[] {
  const own = ownSubjects(scope, nodes);
  return overall === null || scope === 'CLUSTER' ? own : [...own, {}];
}

function ownSubjects(scope: Metric['scope'], nodes: readonly string[]): MetricSubject[] {
  const ten = (name: string) => Array.from({ length: 10 }, (_, at) => `${name}_${at}`);
  switch (scope) {
    case 'CLUSTER':
      return [{}];
    case 'NODE':
      return nodes.map((nodeId) => ({ nodeId }));
    case 'DISK':
      return nodes.flatMap((nodeId) => ['/data1', '/data2'].map((path) => ({ nodeId, path })));
    case 'MEDIUM':
      return [{ medium: 'SSD' }, { medium: 'HDD' }];
    case 'DATABASE':
      return ten('database').map((database) => ({ database }));
    case 'USER':
      return ten('user').map((user) => ({ user }));
    case 'ROUTINE_LOAD':
      return ten('sales.load').map((job) => ({ job }));
    case 'ENDPOINT':
      return ten('store').map((endpoint) => ({ endpoint }));
    default:
      return scope satisfies never;
  }
}

/** The same numbers in every run, from 0 to 1. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
