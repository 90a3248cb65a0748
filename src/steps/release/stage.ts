import { z } from 'zod';
import { batchedReads } from '../../adapters/ssh/batch.ts';
import {
  fetchOnHost,
  linkOnHost,
  readArchiveState,
  removeFromHost,
  sendToHost,
} from '../../adapters/ssh/host-archive.ts';
import { hasRelease } from '../../adapters/ssh/read-binaries.ts';
import type { Replacement } from '../../domain/node-binaries.ts';
import { releaseSourceKinds } from '../../domain/upgrade/release.ts';
import { defineStep } from '../define.ts';
import { otherArchive } from './other-archive.ts';

const release = z.object({ version: z.string(), sha256: z.string() });

/** A node to stage for. It is only named by its label, because staging disturbs no node and must not mute a node's alerts. */
const stagedNode = z.object({
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  deployDir: z.string(),
  /** The version that runs now and whose binaries will be kept; null = the node is new, and gets the release's `conf` too. */
  keptVersion: z.string().nullable(),
});
type StagedNode = z.infer<typeof stagedNode>;

const hostPlace = z.object({
  hostId: z.string(),
  address: z.string(),
  /** The deploy directory of the host's first node, which holds the archive for all of them. */
  archiveDeployDir: z.string(),
  release,
  nodes: z.array(stagedNode),
});

const hoursMs = 3_600_000;

/** The scripts end well only when what they were to do is there. */
const isDone = { state: 'done' } as const;

/**
 * Brings the archive to a host and compares its checksum. It continues where an earlier try stopped, and brings nothing
 * when every node of the host has the release staged already.
 */
export const fetchArchive = defineStep({
  kind: 'fetchArchive',
  params: hostPlace.extend({
    source: z.object({ kind: z.enum(releaseSourceKinds), location: z.string() }),
    sizeBytes: z.number().nullable(),
  }),
  about: ({ hostId, address }) => ({ kind: 'host', id: hostId, label: address }),
  effect: 'changes',
  ports: ['shell', 'inventory', 'archives'],
  timeoutMs: 6 * hoursMs,
  repeat: 'safe', // it continues after the bytes that are there
  abortable: true,
  describe: ({ release: { version }, address, source: { kind, location } }) =>
    kind === 'HOST_URL'
      ? `Have ${address} fetch the archive of ${version} from ${location}`
      : `Bring the archive of ${version} to ${address}${kind === 'ON_NODE' ? ', where it is already' : ' over SSH'}`,
  check: async ({ hostId, archiveDeployDir, release: wanted, nodes }, { shell, inventory }, { signal, runId }) => {
    const other = await otherArchive(inventory, wanted);
    if (other !== null) return other;
    const session = batchedReads(await shell(hostId));
    const [archive, ...staged] = await Promise.all([
      readArchiveState(session, { deployDir: archiveDeployDir, sha256: wanted.sha256 }, { signal }),
      ...nodes.map(({ deployDir, keptVersion }) =>
        hasRelease(session, { deployDir }, { replacement: replacementOf({ keptVersion }, wanted, runId), signal }),
      ),
    ]);
    const isHere = archive?.state === 'complete' || staged.every((each) => each);
    return isHere ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (params, { shell, archives }, { signal, log }) => {
    const { archiveDeployDir: deployDir, address, source, release: wanted, sizeBytes } = params;
    const session = await shell(params.hostId);
    const place = { deployDir, sha256: wanted.sha256 };
    const call = {
      what: `The archive of ${wanted.version} on ${address}`,
      signal,
      timeoutMs: 5 * hoursMs,
      onLine: (line: string) => log(`${address}: ${line}`),
    };
    if (source.kind === 'HOST_URL') {
      await fetchOnHost(session, { ...place, url: source.location }, call);
      return isDone;
    }
    if (source.kind === 'ON_NODE') {
      await linkOnHost(session, { ...place, path: source.location }, call);
      return isDone;
    }
    const onProgress = tellTenths(sizeBytes, (percent) => log(`${address}: ${percent} % of the archive sent`));
    await sendToHost(session, place, call, async (upload) => {
      if (source.kind !== 'URL') return upload({ localPath: source.location, onProgress });
      // As a rule the archive was fetched before; another process that continues the run may have to fetch it again.
      const archive = { url: source.location, sha256: wanted.sha256 };
      await archives.withFetched(archive, { signal }, ({ path }) => upload({ localPath: path, onProgress }));
    });
    return isDone;
  },
  undo: { planned: 'What was staged is removed when the run is undone.' },
});

/** Calls at each further tenth of the whole. */
function tellTenths(sizeBytes: number | null, tell: (percent: number) => void): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    if (sizeBytes === null || sizeBytes === 0) return;
    const percent = Math.floor((bytes / sizeBytes) * 10) * 10;
    if (percent <= told) return;
    told = percent;
    tell(percent);
  };
}

/** Unpacks the node's part of the archive beside its binaries; nothing that runs is touched. */
export const unpackRelease = defineStep({
  kind: 'unpackRelease',
  params: hostPlace.omit({ nodes: true }).extend({ node: stagedNode }),
  about: ({ node: { label } }) => ({ kind: 'node', id: null, label }),
  effect: 'changes',
  ports: ['node'],
  timeoutMs: hoursMs,
  repeat: 'safe', // a second one waits for the first, and finds its work done
  abortable: true,
  describe: ({ release: { version }, node }) => `Unpack ${version} for ${node.label}`,
  check: async ({ hostId, release: wanted, node: staged }, { node }, { signal, runId }) => {
    const at = await node({ ...staged, hostId });
    const [isStaged, binaries] = await Promise.all([
      at.isStaged(wanted, { signal }),
      at.binaries(replacementOf(staged, wanted, runId), { signal }),
    ]);
    return isStaged === true || binaries?.state === 'new' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ hostId, archiveDeployDir, release: wanted, node: staged }, { node }, { signal }) => {
    const from = { archiveDir: archiveDeployDir, isNew: staged.keptVersion === null };
    await (await node({ ...staged, hostId })).stage(wanted, from, { signal });
    return isDone;
  },
  undo: { planned: 'What was staged is removed when the run is undone.' },
});

/** Nothing is kept of a node that is new, so there is no version to name it by. */
function replacementOf(
  { keptVersion }: Pick<StagedNode, 'keptVersion'>,
  wanted: z.infer<typeof release>,
  runId: string,
): Replacement {
  return { release: wanted, keptVersion: keptVersion ?? 'nothing', runId };
}

/** The archive itself is not needed any more once every node of the host has its part. */
export const dropArchive = defineStep({
  kind: 'dropArchive',
  params: hostPlace.omit({ nodes: true }),
  about: ({ hostId, address }) => ({ kind: 'host', id: hostId, label: address }),
  effect: 'changes',
  ports: ['shell'],
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ address }) => `Remove the archive from ${address}, where it is unpacked`,
  check: async ({ hostId, archiveDeployDir: deployDir, release: { sha256 } }, { shell }, { signal }) => {
    const archive = await readArchiveState(await shell(hostId), { deployDir, sha256 }, { signal });
    return archive?.state === 'none' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ hostId, address, archiveDeployDir: deployDir, release: { sha256 } }, { shell }, { signal }) => {
    const what = `Removing the archive from ${address}`;
    await removeFromHost(await shell(hostId), { deployDir, sha256 }, { what, signal });
    return isDone;
  },
  undo: { nothing: 'A retry brings it again.' },
});

/** Removes what was staged for a node and is not in use. */
export const removeStaged = defineStep({
  kind: 'removeStaged',
  params: z.object({
    hostId: z.string(),
    label: z.string(),
    deployDir: z.string(),
    release,
    // Absent in the undo that an earlier version planned.
    kind: stagedNode.shape.kind.optional(),
  }),
  about: ({ label }) => ({ kind: 'node', id: null, label }),
  effect: 'changes',
  ports: ['node'],
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ label, release: { version } }) => `Remove what was unpacked of ${version} for ${label}`,
  check: async (place, { node }, { signal }) => {
    const isStaged = await (await node(place)).isStaged(place.release, { signal });
    return isStaged === false ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (place, { node }, { signal }) => (await node(place)).unstage(place.release, { signal }),
  undo: { nothing: 'It removes what an undo leaves over.' },
});
