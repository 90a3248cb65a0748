import { z } from 'zod';
import type { ShellReader } from '../../../adapters/ssh/port.ts';
import { readIdentityPort } from '../../../adapters/ssh/read-identity-port.ts';
import { hasSudo, readUser } from '../../../adapters/ssh/read-login.ts';
import { canBeStarted, readUnitRights, readUnitState } from '../../../adapters/ssh/read-service.ts';
import { readAddresses } from '../../../adapters/ssh/survey-host.ts';
import type { ClusterNode } from '../../../domain/cluster.ts';
import { whyAnotherMachine } from '../../../domain/deploy/find-places.ts';
import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import type { NewHost } from '../../../domain/inventory.ts';
import { AppError } from '../../../errors.ts';
import { newId } from '../../../ids.ts';
import { defineStep } from '../../../steps/define.ts';

const place = z.object({ address: z.string(), port: z.number() });

const recordHostParams = place.extend({
  user: z.string(),
  privateKeyRef: z.string().nullable(),
  passphraseRef: z.string().nullable(),
  fingerprint: z.string(),
  jump: place.nullable(),
});

/**
 * Records how to log in to a host, once that login has been tried: a known host gets the new settings, and a login that
 * works must not be replaced by one that does not.
 */
export const recordHost = defineStep({
  kind: 'recordHost',
  params: recordHostParams,
  about: ({ address, port }) => ({ kind: 'host', id: null, label: `${address}:${port}` }),
  effect: 'changes',
  ports: ['inventory', 'login'],
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
  apply: async (params, { inventory, login }, { clusterId, signal }) => {
    const jump =
      params.jump === null ? null : await inventory.findHostByAddress(clusterId, params.jump.address, params.jump.port);
    if (params.jump !== null && jump === null) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `The jump host ${params.jump.address}:${params.jump.port} is not attached`,
        { hint: 'Attach it first.' },
      );
    }
    const host: Omit<NewHost, 'id' | 'clusterId'> = {
      address: params.address,
      port: params.port,
      user: params.user,
      auth:
        params.privateKeyRef === null
          ? { kind: 'agent' }
          : { kind: 'key', privateKeyRef: params.privateKeyRef, passphraseRef: params.passphraseRef },
      hostKeyFingerprint: params.fingerprint,
      jumpHostId: jump?.id ?? null,
    };
    await readUser(await login({ clusterId, ...host }), { signal, timeoutMs: 20_000 });
    const known = await inventory.findHostByAddress(clusterId, params.address, params.port);
    const hostId = known?.id ?? newId('hst');
    return { state: 'done', facts: { hostId }, records: [{ record: 'hostSaved', host: { id: hostId, ...host } }] };
  },
  undo: { nothing: 'Only how to log in is remembered; attach the host again to change it.' },
});

const deployment = z.object({
  /** Null = the inventory did not have the node when this was planned: it is known by kind, address and port. */
  nodeId: z.string().nullable(),
  /** The text of the cluster's `IP` column. */
  nodeHost: z.string().nullable().default(null),
  label: z.string(),
  /** Edit-log port of a frontend, heartbeat port of a backend or compute node. */
  nodePort: z.number(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  deployDir: z.string(),
  /** The systemd unit that runs the node; null = StarRocks' own scripts do. Runs from before units have none. */
  unit: z.string().nullable().default(null),
});

/** Logs in, and reads whether the nodes' directories are what they should be and whether root is available. */
export const verifyHost = defineStep({
  kind: 'verifyHost',
  params: place.extend({ nodes: z.array(deployment) }),
  about: ({ address, port }) => ({ kind: 'host', id: null, label: `${address}:${port}` }),
  effect: 'looks',
  ports: ['shell', 'inventory'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: ({ address, port }) => `Log in to ${address}:${port} and look at the directories of its nodes`,
  // A login that worked at some time, maybe for other nodes, proves nothing about these directories.
  check: async (params, { shell, inventory }, { clusterId, signal }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host?.ssh !== 'OK') return { state: 'todo' };
    const nodes = await inventory.listNodes(clusterId);
    const wrong = await findWrong(await shell(host.id), params.nodes, { nodes, signal });
    return wrong === null ? { state: 'done', facts: { sudo: host.sudo } } : { state: 'todo' };
  },
  apply: async (params, { shell, inventory }, { clusterId, signal, log }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host === null)
      throw new AppError('PRECONDITION_FAILED', `${params.address}:${params.port} is not attached`, {
        hint: 'Retry the run.',
      });
    const session = await shell(host.id);
    const answer = await readUser(session, { signal });
    const user = 'value' in answer ? answer.value : '';
    const nodes = await inventory.listNodes(clusterId);
    const wrong = await findWrong(session, params.nodes, { nodes, signal });
    if (wrong !== null) {
      throw new AppError('PRECONDITION_FAILED', `${wrong.what} on ${params.address} ${wrong.why} (as ${user})`, {
        hint: wrong.hint,
      });
    }
    const sudo = user === 'root' || (await mayBeRoot(session, params.nodes, signal));
    log(`${params.address}: logged in as ${user}, root ${sudo ? 'available' : 'not available'}`);
    const facts = { ssh: 'OK' as const, sudo, problem: null };
    return { state: 'done', facts: { sudo }, records: [{ record: 'hostVerified', hostId: host.id, facts }] };
  },
  undo: { nothing: 'It only reads.' },
});

type Deployment = z.infer<typeof deployment>;

type WrongPlace = { readonly what: string; readonly why: string; readonly hint: string };

async function findWrong(
  session: ShellReader,
  wanted: readonly Deployment[],
  { nodes, signal }: { readonly nodes: readonly ClusterNode[]; readonly signal: AbortSignal },
): Promise<WrongPlace | null> {
  if (wanted.length === 0) return null;
  return (
    findWrongMachine(wanted, nodes, await readAddresses(session, { signal })) ??
    (await findWrongPlace(session, wanted, signal))
  );
}

/**
 * The first node that cannot be on this machine, by the addresses of its kernel; null = all may be. Nodes of two machines often
 * have the same port and the same directory, so only this tells them apart where a host is reached by another address.
 */
export function findWrongMachine(
  wanted: readonly Omit<Deployment, 'unit'>[],
  nodes: readonly ClusterNode[],
  addresses: MachineSurvey['addresses'],
): WrongPlace | null {
  for (const one of wanted) {
    const node = findDeployed(nodes, one);
    const why = node === undefined ? null : whyAnotherMachine(node, { addresses }, nodes);
    if (why === null) continue;
    const hint = 'Look at the ids of the nodes, and at the address: a restart would stop the wrong node.';
    return { what: one.deployDir, why: `is not of ${one.label}: ${why}`, hint };
  }
  return null;
}

/**
 * The first node that is not where it should be; null = all of them are. The port in the conf file tells the nodes of one
 * host apart: a restart must never stop the wrong one.
 */
export async function findWrongPlace(
  session: ShellReader,
  nodes: readonly Omit<Deployment, 'nodeId' | 'nodeHost'>[],
  signal: AbortSignal,
): Promise<WrongPlace | null> {
  const hint = 'Give the directory that holds bin/ and conf/ of that very node, and a user who may run its scripts.';
  for (const node of nodes) {
    const kind = node.kind.toLowerCase().replace('_', '-');
    if (!(await canBeStarted(session, node, signal))) {
      return { what: node.deployDir, why: `does not hold a ${kind} that can be started`, hint };
    }
    const port = await readIdentityPort(session, node, signal);
    if ('unknown' in port) {
      const why = `may not be of ${node.label}: its port cannot be told: ${port.unknown}`;
      return { what: node.deployDir, why, hint: 'Start the node, or write the port into its conf file as a number.' };
    }
    if (port.value !== node.nodePort) {
      return { what: node.deployDir, why: `is of a ${kind} with port ${port.value}, not of ${node.label}`, hint };
    }
    const wrongUnit = node.unit === null ? null : await findWrongUnit(session, node.unit, signal);
    if (wrongUnit !== null) return wrongUnit;
  }
  return null;
}

/** Whether the user may do as root what the nodes of this host need: any command, or starting and stopping their units. */
async function mayBeRoot(session: ShellReader, nodes: readonly Deployment[], signal: AbortSignal): Promise<boolean> {
  if (await hasSudo(session, { signal })) return true;
  const units = nodes.flatMap(({ unit }) => unit ?? []);
  const rights = await Promise.all(units.map((unit) => readUnitRights(session, unit, signal)));
  return units.length > 0 && rights.every((each) => each?.start === true && each.stop);
}

async function findWrongUnit(session: ShellReader, unit: string, signal: AbortSignal): Promise<WrongPlace | null> {
  const state = await readUnitState(session, unit, signal);
  if (state?.exists) return null;
  return {
    what: unit,
    why: state === null ? 'cannot be asked for: systemd does not answer' : 'is no unit that systemd has loaded',
    hint: "Give the name as `systemctl list-units` prints it, or leave it out when StarRocks' own scripts run the node.",
  };
}

function findDeployed(nodes: readonly ClusterNode[], wanted: Omit<Deployment, 'unit'>): ClusterNode | undefined {
  return nodes.find((node) =>
    wanted.nodeId === null
      ? node.kind === wanted.kind && node.host === wanted.nodeHost && node.port === wanted.nodePort
      : node.id === wanted.nodeId,
  );
}

/** Which of these nodes are tied to the host that is reached there, in the directory and by the unit that were planned. */
export function tiedAmong(
  wanted: readonly Deployment[],
  { nodes, hostId }: { readonly nodes: readonly ClusterNode[]; readonly hostId: string | null },
): readonly Deployment[] {
  return wanted.filter((one) => {
    const node = findDeployed(nodes, one);
    return node !== undefined && node.hostId === hostId && node.deployDir === one.deployDir && node.unit === one.unit;
  });
}

export const attachNodesParams = place.extend({ nodes: z.array(deployment) });

/** Ties nodes to the host they run on. */
export const attachNodes = defineStep({
  kind: 'attachNodes',
  params: attachNodesParams,
  about: ({ address, port }) => ({ kind: 'host', id: null, label: `${address}:${port}` }),
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ address, nodes }) => `Tie ${nodes.map((node) => node.label).join(', ')} to ${address}`,
  check: async (params, { inventory }, { clusterId }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    const nodes = await inventory.listNodes(clusterId);
    const tied = tiedAmong(params.nodes, { nodes, hostId: host?.id ?? null }).length === params.nodes.length;
    return tied ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (params, { inventory }, { clusterId }) => {
    const host = await inventory.findHostByAddress(clusterId, params.address, params.port);
    if (host === null)
      throw new AppError('PRECONDITION_FAILED', `${params.address}:${params.port} is not attached`, {
        hint: 'Retry the run.',
      });
    const nodes = await inventory.listNodes(clusterId);
    const places = params.nodes.map((wanted) => ({ wanted, node: findDeployed(nodes, wanted) }));
    const gone = places.filter(({ node }) => node === undefined).map(({ wanted }) => wanted.label);
    if (gone.length > 0)
      throw new AppError('PRECONDITION_FAILED', `${gone.join(', ')} is not in the cluster any more`, {
        hint: 'Refresh the cluster, then ask again.',
      });
    return {
      state: 'done',
      records: places.flatMap(({ wanted: { deployDir, unit }, node }) =>
        node === undefined
          ? []
          : [{ record: 'nodeAttached' as const, nodeId: node.id, place: { hostId: host.id, deployDir, unit } }],
      ),
    };
  },
  undo: { nothing: 'Only where the nodes are is remembered; attach them again to change it.' },
});
