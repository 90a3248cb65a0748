import { z } from 'zod';
import {
  archiveState,
  fetchArchive as fetchArchiveCommand,
  linkArchive,
  prepareArchiveDir,
  removeArchive,
  verifyArchive,
} from '../../../adapters/ssh/archive-commands.ts';
import { batched } from '../../../adapters/ssh/batch.ts';
import type { Shell } from '../../../adapters/ssh/port.ts';
import { parseArchiveState, parseBinariesState, parseStagedState } from '../../../adapters/ssh/release-answers.ts';
import { archiveFileOf, keptNameOf, stagedIdOf } from '../../../adapters/ssh/release-dirs.ts';
import {
  removeStaged as removeStagedCommand,
  stagedState,
  unpackRelease as unpackCommand,
} from '../../../adapters/ssh/stage-commands.ts';
import { binariesState } from '../../../adapters/ssh/swap-commands.ts';
import { releaseSourceKinds } from '../../../domain/upgrade/release.ts';
import { defineStep } from '../../../steps/define.ts';
import { archivePartOf, otherArchive, throwIfFailed } from './place.ts';

const release = z.object({ version: z.string(), sha256: z.string() });

/** A node to stage for. Not called `nodeId`: staging disturbs no node, so it must not mute its alerts. */
const stagedNode = z.object({
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  deployDir: z.string(),
  keptVersion: z.string(),
});

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
 * Brings the archive to a host and compares its sum. It goes on where an earlier try stopped, and brings nothing when every
 * node of the host has the release staged already.
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
  repeat: 'safe', // it goes on behind what is there
  abortable: true,
  describe: ({ release: { version }, address, source: { kind, location } }) =>
    kind === 'HOST_URL'
      ? `Have ${address} fetch the archive of ${version} from ${location}`
      : `Bring the archive of ${version} to ${address}${kind === 'ON_NODE' ? ', where it is already' : ' over SSH'}`,
  check: async ({ hostId, archiveDeployDir, release: wanted, nodes }, { shell, inventory }, { signal, runId }) => {
    const other = await otherArchive(inventory, wanted);
    if (other !== null) return other;
    const session = batched(await shell(hostId));
    const [answer, ...staged] = await Promise.all([
      session.run(archiveState({ deployDir: archiveDeployDir, sha256: wanted.sha256 }), { signal }),
      ...nodes.map((node) => hasRelease(session, { ...node, release: wanted, runId, signal })),
    ]);
    const isHere = parseArchiveState(answer.stdout)?.state === 'complete' || staged.every((each) => each);
    return isHere ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (params, { shell, archives }, { signal, log }) => {
    const { archiveDeployDir: deployDir, address, source, release: wanted, sizeBytes } = params;
    const session = await shell(params.hostId);
    const place = { deployDir, sha256: wanted.sha256 };
    const call = { signal, timeoutMs: 5 * hoursMs, onLine: (line: string) => log(`${address}: ${line}`) };
    const what = `The archive of ${wanted.version} on ${address}`;
    if (source.kind === 'HOST_URL') {
      throwIfFailed(what, await session.run(fetchArchiveCommand({ ...place, url: source.location }), call));
      return isDone;
    }
    if (source.kind === 'ON_NODE') {
      throwIfFailed(what, await session.run(linkArchive({ ...place, path: source.location }), call));
      return isDone;
    }
    throwIfFailed(what, await session.run(prepareArchiveDir({ deployDir }), call));
    const upload = (localPath: string) =>
      session.upload(
        {
          localPath,
          remotePath: archiveFileOf(place),
          resume: true,
          onProgress: tellTenths(sizeBytes, (percent) => log(`${address}: ${percent} % of the archive sent`)),
        },
        { signal, timeoutMs: 5 * hoursMs },
      );
    // Fetched here before, as a rule; another process that goes on with the run may have to do it again.
    if (source.kind === 'URL') {
      const archive = { url: source.location, sha256: wanted.sha256 };
      await archives.withFetched(archive, { signal }, ({ path }) => upload(path));
    } else await upload(source.location);
    throwIfFailed(what, await session.run(verifyArchive(place), call));
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
  ports: ['shell'],
  timeoutMs: hoursMs,
  repeat: 'safe', // a second one waits for the first, and finds it done
  abortable: true,
  describe: ({ release: { version }, node }) => `Unpack ${version} for ${node.label}`,
  check: async ({ hostId, release: wanted, node }, { shell }, { signal, runId }) =>
    (await hasRelease(batched(await shell(hostId)), { ...node, release: wanted, runId, signal }))
      ? { state: 'done' }
      : { state: 'todo' },
  apply: async ({ hostId, archiveDeployDir, release: wanted, node }, { shell }, { signal }) => {
    const session = await shell(hostId);
    const { deployDir, kind } = node;
    const command = unpackCommand({ deployDir, archiveDeployDir, part: archivePartOf(kind), ...wanted });
    throwIfFailed(
      `Unpacking ${wanted.version} for ${node.label}`,
      await session.run(command, { signal, timeoutMs: hoursMs }),
    );
    return isDone;
  },
  undo: { planned: 'What was staged is removed when the run is undone.' },
});

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
  check: async ({ hostId, archiveDeployDir, release: { sha256 } }, { shell }, { signal }) => {
    const answer = await (await shell(hostId)).run(archiveState({ deployDir: archiveDeployDir, sha256 }), { signal });
    return parseArchiveState(answer.stdout)?.state === 'none' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ hostId, address, archiveDeployDir, release: { sha256 } }, { shell }, { signal }) => {
    const result = await (await shell(hostId)).run(removeArchive({ deployDir: archiveDeployDir, sha256 }), { signal });
    throwIfFailed(`Removing the archive from ${address}`, result);
    return isDone;
  },
  undo: { nothing: 'A retry brings it again.' },
});

/** Removes what was staged for a node and is not in use. */
export const removeStaged = defineStep({
  kind: 'removeStaged',
  params: z.object({ hostId: z.string(), label: z.string(), deployDir: z.string(), release }),
  about: ({ label }) => ({ kind: 'node', id: null, label }),
  effect: 'changes',
  ports: ['shell'],
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ label, release: { version } }) => `Remove what was unpacked of ${version} for ${label}`,
  check: async ({ hostId, deployDir, release: wanted }, { shell }, { signal }) => {
    const answer = await (await shell(hostId)).run(stagedState({ deployDir, id: stagedIdOf(wanted) }), { signal });
    return parseStagedState(answer.stdout) === 'absent' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ hostId, label, deployDir, release: wanted }, { shell }, { signal }) => {
    const command = removeStagedCommand({ deployDir, id: stagedIdOf(wanted) });
    throwIfFailed(
      `Removing what was unpacked for ${label}`,
      await (await shell(hostId)).run(command, { signal, timeoutMs: 300_000 }),
    );
  },
  undo: { nothing: 'It removes what an undo leaves over.' },
});

type Wanted = {
  readonly deployDir: string;
  readonly keptVersion: string;
  readonly release: { readonly version: string; readonly sha256: string };
  readonly runId: string;
  readonly signal: AbortSignal;
};

/** The release is staged for the node, or runs there already. */
async function hasRelease(shell: Shell, wanted: Wanted): Promise<boolean> {
  const { deployDir, signal } = wanted;
  const stagedId = stagedIdOf(wanted.release);
  const keptName = keptNameOf({ version: wanted.keptVersion, runId: wanted.runId });
  const [staged, live] = await Promise.all([
    shell.run(stagedState({ deployDir, id: stagedId }), { signal }),
    shell.run(binariesState({ deployDir, stagedId, keptName }), { signal }),
  ]);
  return parseStagedState(staged.stdout) === 'complete' || parseBinariesState(live.stdout)?.state === 'new';
}
