import type { Names } from './names.ts';

export type NewFile = { readonly path: string; readonly text: string };

/**
 * An operation that is true from the first day: it looks at the nodes of a cluster, changes nothing, and succeeds when the
 * cluster answers and a frontend leads. What it is to do instead is written over it.
 */
export function operationFiles(family: string, names: Names): readonly NewFile[] {
  const folder = `src/operations/${family}/${names.kebab}`;
  return [
    { path: `${folder}/${names.kebab}.ts`, text: operation(names) },
    { path: `${folder}/plan.ts`, text: plan(names) },
    { path: `${folder}/look-before-${names.kebab}.ts`, text: step(names) },
    { path: `${folder}/post-check.ts`, text: postCheck(names) },
    { path: testPath(family, names), text: test(family, names) },
  ];
}

export function testPath(family: string, { kebab }: Pick<Names, 'kebab'>): string {
  return `test/operations/${family}/${kebab}.test.ts`;
}

/** `operations/index.ts` with one operation more. */
export function withOperation(index: string, family: string, { kebab, camel }: Names): string {
  const line = `import { ${camel} } from './${family}/${kebab}/${kebab}.ts';\n`;
  const end = index.lastIndexOf('];');
  if (end === -1) throw new Error('src/operations/index.ts has no list that ends with ];');
  return `${line}${index.slice(0, end)}  ${camel},\n${index.slice(end)}`;
}

/** `test/runs/deaths/held.ts` with its step among those that are tried with their operation, which go by name. */
export function withHeld(held: string, { pascal }: Pick<Names, 'pascal'>): string {
  const list = /(\n {2}clusterOperations: \[\n)([\s\S]*?)( {2}\],\n)/;
  if (!list.test(held)) throw new Error('test/runs/deaths/held.ts has no list called clusterOperations');
  return held.replace(list, (_whole, start: string, lines: string, end: string) => {
    const kinds = [...lines.split('\n').filter(Boolean), `    'lookBefore${pascal}',`].toSorted();
    return `${start}${kinds.join('\n')}\n${end}`;
  });
}

/** `test/helpers/step-samples.ts` with a step of its kind. */
export function withSample(samples: string, family: string, { kebab, pascal }: Names): string {
  const kind = `lookBefore${pascal}`;
  const from = `../../src/operations/${family}/${kebab}/look-before-${kebab}.ts`;
  const list = /(export const stepSamples\b[^\n]*\[\n[\s\S]*?)(\n\];)/;
  if (!list.test(samples)) throw new Error('test/helpers/step-samples.ts has no list of samples that ends with ];');
  return `import { ${kind} } from '${from}';\n${samples.replace(list, `$1\n  ${kind}.with({}),$2`)}`;
}

/** `test/helpers/crash-cases/cluster.ts` with a case for it: nothing is sent, whoever dies. */
export function withCase(file: string, { camel }: Pick<Names, 'camel'>): string {
  const cases = /(\n {2}return \{\n[\s\S]*?)(\n {2}\};\n\}\n)$/;
  if (!cases.test(file)) throw new Error('test/helpers/crash-cases/cluster.ts has no cases that end with };');
  const added = [
    `    ${camel}: {`,
    '      prepare: ensureCluster,',
    '      input: async () => ({ clusterId: tools.clusterId() }),',
    '      effects: changesSent,',
    '      wanted: [],',
    '    },',
  ];
  return file.replace(cases, `$1\n${added.join('\n')}$2`);
}

const operation = ({ kebab, camel, pascal, title }: Names) => `import { z } from 'zod';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { lookBefore${pascal} } from './look-before-${kebab}.ts';
import { plan${pascal} } from './plan.ts';
import { check${pascal} } from './post-check.ts';

export const ${camel} = defineOperation({
  name: '${camel}',
  title: '${title}',
  version: 1,
  summary: 'Look at the nodes of the cluster, and whether a frontend leads.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: { verb: '${kebab}', positional: ['clusterId'], examples: ['${kebab} prod-eu'] },
  steps: [lookBefore${pascal}],
  observe: async (_input, { sql, signal }) => ({ nodes: toObservedNodes(await readTopology(sql, { signal })) }),
  plan: (_input, facts) => plan${pascal}(facts),
  postCheck: (_input, reading) => check${pascal}(reading),
});
`;

const plan = ({ kebab, pascal }: Names) => `import type { ObservedNode } from '../../../domain/cluster.ts';
import { leaderCheck } from '../../../domain/end-checks.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import { count } from '../../../domain/words.ts';
import { lookBefore${pascal} } from './look-before-${kebab}.ts';

export type ${pascal}Facts = { readonly nodes: readonly ObservedNode[] };

/** Refuses where no frontend leads: what the others tell is nothing to rely on then. */
export function plan${pascal}({ nodes }: ${pascal}Facts): PlanResult {
  if (leaderCheck(nodes).status !== 'PASS') {
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: 'No frontend leads the cluster',
          hint: 'Look at the frontends, then ask again.',
        },
      ],
    };
  }
  return { summary: \`Look at \${count(nodes.length, 'node')}\`, steps: [lookBefore${pascal}.with({})] };
}
`;

const step = ({ pascal }: Names) => `import { z } from 'zod';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { hasLeader } from '../../../domain/topology.ts';
import type { Reading } from '../../../adapters/reading.ts';
import type { Check } from '../../../domain/next-action.ts';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

/** Waits until a frontend leads, and keeps how many nodes the cluster shows then. */
export const lookBefore${pascal} = defineStep({
  kind: 'lookBefore${pascal}',
  params: z.object({}),
  about: () => theCluster,
  effect: 'looks',
  ports: ['sql'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Look at the nodes of the cluster',
  check: (_params, { sql }, { signal }) => lookAtNodes({ sql, signal }),
  undo: { nothing: 'It only looks.' },
});

export async function lookAtNodes({ sql, signal }: Pick<Reading, 'sql' | 'signal'>): Promise<Check> {
  // The step waits by being looked at again, so the question itself does not.
  const topology = await readTopology(sql, { signal }, { waitMs: 0 });
  if (!hasLeader(topology.frontends)) {
    const progress = { completed: 0, total: null, message: 'No frontend leads' };
    return { state: 'moving', progress, wakeAfterMs: 1_000 };
  }
  const nodes = toObservedNodes(topology);
  return { state: 'done', facts: { nodes: nodes.length, alive: nodes.filter(({ alive }) => alive).length } };
}
`;

const postCheck = ({ pascal }: Names) => `import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';

/** The cluster answers once more, and a frontend leads. */
export async function check${pascal}({ sql, signal }: Pick<Reading, 'sql' | 'signal'>): Promise<PostCheck> {
  const checks = [leaderCheck(toObservedNodes(await readTopology(sql, { signal })))];
  return { passed: nothingBlocks(checks), checks };
}
`;

const test = (family: string, { kebab, camel, pascal }: Names) => `import { describe, expect, it } from 'vitest';
import type { SqlReader, SqlRow } from '../../../src/adapters/starrocks/port.ts';
import { readTopology, toObservedNodes } from '../../../src/adapters/starrocks/read-topology.ts';
import { operations } from '../../../src/operations/index.ts';
import { ${camel} } from '../../../src/operations/${family}/${kebab}/${kebab}.ts';
import { lookAtNodes } from '../../../src/operations/${family}/${kebab}/look-before-${kebab}.ts';
import { plan${pascal} } from '../../../src/operations/${family}/${kebab}/plan.ts';
import { check${pascal} } from '../../../src/operations/${family}/${kebab}/post-check.ts';

/** A row of SHOW FRONTENDS. */
const frontend = (host: string, more: SqlRow = {}): SqlRow => ({
  Name: \`\${host}_9010_1700000000000\`,
  IP: host,
  EditLogPort: '9010',
  HttpPort: '8030',
  QueryPort: '9030',
  RpcPort: '9020',
  Role: 'FOLLOWER',
  ClusterId: '1897993951',
  Join: 'true',
  Alive: 'true',
  ReplayedJournalId: '2799',
  LastHeartbeat: '2026-11-27 09:44:53',
  ErrMsg: '',
  StartTime: '2026-11-27 09:31:15',
  Version: '3.5.0-37c7c51',
  ...more,
});

/** A cluster on paper: these frontends, and no workers. */
const cluster = (...rows: readonly SqlRow[]): SqlReader => ({
  query: async ({ name }) => (name === 'show-frontends' ? rows : []),
});

const led = cluster(frontend('10.0.0.1', { Role: 'LEADER' }), frontend('10.0.0.2', { Alive: 'false' }));
const leaderless = cluster(frontend('10.0.0.1'), frontend('10.0.0.2'));
const { signal } = new AbortController();

async function factsOf(sql: SqlReader) {
  return { nodes: toObservedNodes(await readTopology(sql, { signal }, { waitMs: 0 })) };
}

describe('${camel}', () => {
  it('is in the registry', () => {
    expect(operations).toContain(${camel});
  });

  it('plans a look at the nodes that there are', async () => {
    const planned = plan${pascal}(await factsOf(led));
    expect(planned).toMatchObject({ summary: 'Look at 2 nodes', steps: [{ kind: 'lookBefore${pascal}', params: {} }] });
  });

  it('is refused while no frontend leads', async () => {
    const planned = plan${pascal}(await factsOf(leaderless));
    expect(planned).toMatchObject({ refusals: [{ code: 'PRECONDITION_FAILED' }] });
  });

  it('looks until a frontend leads, and keeps what it saw', async () => {
    expect(await lookAtNodes({ sql: leaderless, signal })).toMatchObject({ state: 'moving' });
    expect(await lookAtNodes({ sql: led, signal })).toEqual({ state: 'done', facts: { nodes: 2, alive: 1 } });
  });

  it('ends well where a frontend leads', async () => {
    expect(await check${pascal}({ sql: led, signal })).toMatchObject({ passed: true });
  });
});
`;
