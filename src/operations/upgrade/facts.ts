import type { Reading } from '../../adapters/reading.ts';
import { archiveFactsOf } from '../../domain/upgrade/checks-archive.ts';
import type { ArchiveFacts, Asked, UpgradeFacts } from '../../domain/upgrade/checks-facts.ts';
import { remoteProblems } from '../../domain/upgrade/checks-release.ts';
import type { Release } from '../../domain/upgrade/release.ts';
import { ask, type NodeReading, readNodeFacts } from '../node/node-facts.ts';

/** Hosts are asked as a whole: each tells about all of its nodes in one go, so no port to a single node is needed. */
export type UpgradeReading = NodeReading & Pick<Reading, 'archives'>;

export type UpgradeQuestion = { readonly to: string };

/**
 * Everything that the preflight needs to know, read at the same time as far as possible. Throws only when the cluster
 * itself does not answer, or when Starwarden's own database does not. `archive` = what was found when the archive was
 * read before; if it is null or left out, the archive is only looked at from outside.
 */
export async function readUpgradeFacts(
  { to }: UpgradeQuestion,
  looking: UpgradeReading,
  { archive = null }: { archive?: Asked<ArchiveFacts> | null } = {},
): Promise<UpgradeFacts> {
  const { clusterId, inventory } = looking;
  const release = await inventory.findRelease(to);
  const [found, newestBackupAt, openUpgrades, archiveFound] = await Promise.all([
    readNodeFacts(looking, { source: release?.source ?? null }),
    inventory.newestBackupAt(clusterId),
    inventory.listUpgradesToFinalize(clusterId),
    archive ?? (release === null ? null : lookAtArchive(release, looking)),
  ]);
  return { ...found, to, release, archive: archiveFound, newestBackupAt, openUpgrades };
}

/**
 * The archive, as far as there is time for it in a plan: what was found when it was fetched, else what can be seen from
 * outside.
 */
async function lookAtArchive(
  { source, sha256, version }: Release,
  looking: UpgradeReading,
): Promise<Asked<ArchiveFacts> | null> {
  const { archives } = looking;
  const { kind, location } = source;
  if (kind === 'ON_NODE') return null;
  return ask(looking, async (call) => {
    if (kind === 'PATH') return { ...unread, sizeBytes: await archives.sizeOf(location, call) };
    const stored = kind === 'URL' ? await archives.stored(sha256) : null;
    if (stored !== null) return archiveFactsOf(stored, version);
    const { status, sizeBytes } = await archives.head(location, call);
    return { ...unread, sizeBytes, problems: remoteProblems(location, status) };
  });
}

const unread = { sizeBytes: null, sha256: null, parts: null, problems: [] } as const satisfies ArchiveFacts;
