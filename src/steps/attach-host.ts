import { z } from 'zod';
import { parseIdentityPort } from '../adapters/ssh/answers.ts';
import { checkSudo, hasStartScript, readIdentityPort, whoAmI } from '../adapters/ssh/commands.ts';
import type { Shell } from '../adapters/ssh/port.ts';
import type { NodeKind } from '../domain/cluster.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { defineStep } from './define.ts';

const place = z.object({ address: z.string(), port: z.number() });

const recordHostParams = place.extend({
  user: z.string(),
  privateKeyRef: z.string().nullable(),
  passphraseRef: z.string().nullable(),
  fingerprint: z.string(),
  jump: place.nullable(),
});

/** Remembers how to log in to a host. A host that is known already gets the new settings. */
export const recordHost = defineStep({
  kind: 'recordHost',
  params: recordHostParams,
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ address, port, user }) => `Remember how to log in to ${address}:${port} as ${user}`,
  check: async (params, { inventory }, { clusterId }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host === null) return { state: 'todo' };
    const jump = host.jumpHostId === null ? null : await inventory.findHost(host.jumpHostId);
    const same =
      host.user === params.user &&
      host.hostKeyFingerprint === params.fingerprint &&
      (host.auth.kind === 'key'
        ? host.auth.privateKeyRef === params.privateKeyRef && host.auth.passphraseRef === params.passphraseRef
        : params.privateKeyRef === null) &&
      jump?.address === params.jump?.address &&
      jump?.port === params.jump?.port;
    return same ? { state: 'done', facts: { hostId: host.id } } : { state: 'todo' };
  },
  apply: async (params, { inventory }, { clusterId }) => {
    const jump =
      params.jump === null ? null : await inventory.findHostByAddress(clusterId, params.jump.address, params.jump.port);
    if (params.jump !== null && jump === null) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `The jump host ${params.jump.address}:${params.jump.port} is not attached`,
        { hint: 'Attach it first.' },
      );
    }
    await inventory.saveHost({
      id: newId('hst'),
      clusterId,
      address: params.address,
      port: params.port,
      user: params.user,
      auth:
        params.privateKeyRef === null
          ? { kind: 'agent' }
          : { kind: 'key', privateKeyRef: params.privateKeyRef, passphraseRef: params.passphraseRef },
      hostKeyFingerprint: params.fingerprint,
      jumpHostId: jump?.id ?? null,
    });
  },
  undo: { nothing: 'Only how to log in is remembered; attach the host again to change it.' },
});

const deployment = z.object({
  nodeId: z.string(),
  label: z.string(),
  /** Edit-log port of a frontend, heartbeat port of the others. */
  nodePort: z.number(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  deployDir: z.string(),
});

const scriptKind = { FRONTEND: 'frontend', BACKEND: 'backend', COMPUTE_NODE: 'compute-node' } as const satisfies Record<
  NodeKind,
  string
>;

/** Logs in, looks whether the nodes' directories are what they should be and whether root is available. */
export const verifyHost = defineStep({
  kind: 'verifyHost',
  params: place.extend({ nodes: z.array(deployment) }),
  ports: ['shell', 'inventory'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: ({ address, port }) => `Log in to ${address}:${port} and look at the directories of its nodes`,
  // A login that worked some day, for other nodes perhaps, says nothing about these directories.
  check: async (params, { shell, inventory }, { clusterId, signal }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host?.ssh !== 'OK') return { state: 'todo' };
    const wrong = await findWrongDirectory(await shell(host.id), params.nodes, signal);
    return wrong === null ? { state: 'done', facts: { sudo: host.sudo } } : { state: 'todo' };
  },
  apply: async (params, { shell, inventory }, { clusterId, signal, log }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host === null)
      throw new AppError('PRECONDITION_FAILED', `${params.address}:${params.port} is not attached`, {
        hint: 'Retry the run.',
      });
    const session = await shell(host.id);
    const user = (await session.run(whoAmI(), { signal })).stdout.trim();
    const wrong = await findWrongDirectory(session, params.nodes, signal);
    if (wrong !== null) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `${wrong.node.deployDir} on ${params.address} ${wrong.why} (as ${user})`,
        {
          hint: 'Give the directory that holds bin/ and conf/ of that very node, and a user who may run its scripts.',
        },
      );
    }
    const sudo = user === 'root' || (await session.run(checkSudo(), { signal })).exitCode === 0;
    log(`${params.address}: logged in as ${user}, root ${sudo ? 'available' : 'not available'}`);
    await inventory.saveHostFacts(host.id, { ssh: 'OK', sudo, problem: null });
  },
  undo: { nothing: 'It only reads.' },
});

type Deployment = z.infer<typeof deployment>;

/**
 * The first node whose directory does not hold it; null = all of them are where they should be. The port in the conf
 * file tells nodes of one host apart: a restart must never stop its neighbour.
 */
async function findWrongDirectory(
  session: Shell,
  nodes: readonly Deployment[],
  signal: AbortSignal,
): Promise<{ node: Deployment; why: string } | null> {
  for (const node of nodes) {
    const place = { deployDir: node.deployDir, kind: scriptKind[node.kind] };
    if ((await session.run(hasStartScript(place), { signal })).exitCode !== 0) {
      return { node, why: `does not hold a ${place.kind} that can be started` };
    }
    const port = parseIdentityPort(await session.run(readIdentityPort(place), { signal }), place.kind);
    if (port !== node.nodePort)
      return { node, why: `is of a ${place.kind} with port ${port ?? 'unknown'}, not of ${node.label}` };
  }
  return null;
}

/** Ties nodes to the host they run on. */
export const attachNodes = defineStep({
  kind: 'attachNodes',
  params: place.extend({ nodes: z.array(deployment) }),
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ address, nodes }) => `Tie ${nodes.map((node) => node.label).join(', ')} to ${address}`,
  check: async (params, { inventory }, { clusterId }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    const nodes = await inventory.listNodes(clusterId);
    const tied = params.nodes.every((wanted) =>
      nodes.some(
        (node) => node.id === wanted.nodeId && node.hostId === host?.id && node.deployDir === wanted.deployDir,
      ),
    );
    return tied ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (params, { inventory }, { clusterId }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host === null)
      throw new AppError('PRECONDITION_FAILED', `${params.address}:${params.port} is not attached`, {
        hint: 'Retry the run.',
      });
    for (const node of params.nodes)
      await inventory.attachNode(node.nodeId, { hostId: host.id, deployDir: node.deployDir, unit: null });
  },
  undo: { nothing: 'Only where the nodes are is remembered; attach them again to change it.' },
});
