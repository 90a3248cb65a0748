import { z } from 'zod';
import { nodeLabel } from '../../domain/node-identity.ts';
import { settleAfterRunMs } from '../../domain/settling.ts';
import { defineRule } from '../define-rule.ts';

/** A frontend that is very busy may be late once or twice. */
const silentSamples = 3;

/**
 * A frontend accepts connections to its query port and sends no greeting, while another one answers: nothing else shows it,
 * since the cluster may count it as alive and its HTTP port answers well. Clients that are sent there wait until they give
 * up.
 */
export const frontendNoGreeting = defineRule({
  name: 'frontend_no_greeting',
  reads: ['topology', 'silentPorts'],
  settings: z.object({}),
  judge: ({ topology, silentPorts }) => {
    if (!topology.isSeen) return { unjudged: 'the cluster did not tell its nodes' };
    if (silentPorts === null) return { unjudged: 'there was no time to ask each frontend' };
    return silentPorts.map(({ host, port, why }) => ({
      ...{ host, port, why },
      node: topology.nodes.find((node) => node.kind === 'FRONTEND' && node.host === host && node.queryPort === port),
    }));
  },
  identity: ({ host, port }) => ({ frontend: nameOf(host, port) }),
  nodeId: ({ node }) => node?.id ?? null,
  severity: () => 'HIGH',
  words: ({ host, port, why, node }) => ({
    title: {
      now: `The frontend ${nameOf(host, port)} sends no greeting`,
      past: `The frontend ${nameOf(host, port)} sent no greeting`,
    },
    what: 'Its query port accepts connections and sends no greeting',
    why,
    more:
      node === undefined
        ? 'The cluster does not have this frontend; it is one of the addresses that Starwarden was given for it. Dropped and still running, it does that.'
        : `The cluster has it as ${nodeLabel(node)}, ${node.alive ? 'alive' : 'not alive'}: it hangs, or was dropped a moment ago.`,
    effect: 'Clients that are sent there wait until they give up.',
  }),
  ripens: () => ({ forMs: 0, minSamples: silentSamples, startedAt: null }),
  over: 'the frontend {frontend} greets whoever connects, or is not asked any more',
  inhibits: null,
  isInhibitedByRuns: true,
  settlesMs: settleAfterRunMs,
});

function nameOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
