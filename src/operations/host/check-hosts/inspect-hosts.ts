import { z } from 'zod';
import { surveyHosts } from '../../../adapters/ssh/survey-host.ts';
import { nodeKinds } from '../../../domain/cluster.ts';
import { installChecks } from '../../../domain/deploy/host-checks.ts';
import { couldLook } from '../../../domain/health-checks.ts';
import { theCluster } from '../../../domain/subject.ts';
import { type NamedCheck, worstOf } from '../../../domain/verdict.ts';
import { count } from '../../../domain/words.ts';
import { defineStep } from '../../../steps/define.ts';
import { keepReport } from '../../../steps/keep-report.ts';

const wish = z.object({
  kinds: z.array(z.enum(nodeKinds)),
  jdk: z.object({ minimum: z.number(), needsCompiler: z.boolean() }).nullable(),
  packageBytes: z.number().nullable(),
  deployDirs: z.array(z.string()),
  dataDirs: z.array(z.object({ path: z.string(), medium: z.string().nullable() })),
  ports: z.array(z.object({ key: z.string(), port: z.number() })),
});

/** Surveys hosts, all at the same time, and stores what follows for an installation as a report under the run. */
export const inspectHosts = defineStep({
  kind: 'inspectHosts',
  params: z.object({ hosts: z.array(z.object({ hostId: z.string(), address: z.string() })), wish }),
  about: () => theCluster,
  effect: 'looks',
  ports: ['shell', 'inventory'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ hosts }) => `Look at ${count(hosts.length, 'host')}: machine, kernel, disks, ports, clocks and Java`,
  check: async (_params, { inventory }, { runId }) => {
    const report = await inventory.findReport(runId);
    return report === null || !couldLook(report.checks)
      ? { state: 'todo' }
      : { state: 'done', facts: { fitness: fitnessOf(report.checks) } };
  },
  apply: async ({ hosts, wish: wanted }, { shell, inventory }, context) => {
    const { signal, clusterId } = context;
    const nodes = await inventory.listNodes(clusterId);
    const paths = [...wanted.deployDirs, ...wanted.dataDirs.map(({ path }) => path)];
    const places = (hostId: string) =>
      nodes.flatMap(({ kind, deployDir, hostId: at }) =>
        at === hostId && deployDir !== null ? [{ kind, deployDir }] : [],
      );
    const surveys = await surveyHosts(hosts, ({ hostId }) => ({ paths, javaHomes: [], places: places(hostId) }), {
      shell,
      signal,
    });
    const asked = hosts.map(({ address }, index) => ({
      address,
      survey: surveys[index] ?? { unknown: 'nobody looked' },
      wish: wanted,
    }));
    return keepReport({ checks: installChecks(asked), unanswered: null }, context, (checks) => ({
      fitness: fitnessOf(checks),
    }));
  },
  undo: { nothing: 'It only reads.' },
});

/** Whether nodes can be installed: FIT, with WARNINGS, or not as it is. UNKNOWN: nothing could be observed. */
export function fitnessOf(checks: readonly NamedCheck[]): 'FIT' | 'WARNINGS' | 'BLOCKED' | 'UNKNOWN' {
  const words = { BLOCK: 'BLOCKED', WARN: 'WARNINGS', UNKNOWN: 'UNKNOWN', NOTHING: 'FIT' } as const;
  return words[worstOf(checks)];
}
