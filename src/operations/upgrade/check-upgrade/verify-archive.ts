import { z } from 'zod';
import { theCluster } from '../../../domain/subject.ts';
import { archiveFactsOf } from '../../../domain/upgrade/checks-archive.ts';
import type { ArchiveFacts, Asked } from '../../../domain/upgrade/checks-facts.ts';
import { remoteProblems } from '../../../domain/upgrade/checks-release.ts';
import { type Release, releaseParts } from '../../../domain/upgrade/release.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { type Reading, readArchive } from '../../../steps/release/read-archive.ts';

const archiveFacts = z.object({
  sizeBytes: z.number().nullable(),
  sha256: z.string().nullable(),
  parts: z.array(z.enum(releaseParts)).readonly().nullable(),
  problems: z.array(z.string()).readonly(),
});

/** The facts that the step leaves for `inspectUpgrade`. Without either member there was no archive to read from here. */
const facts = z.object({ value: archiveFacts.optional(), failed: z.string().optional() });

/** What the step found, in the form that a report needs; null = there was no archive to read from here. */
export function archiveOf({ value, failed }: z.infer<typeof facts>): Asked<ArchiveFacts> | null {
  if (value !== undefined) return { value };
  return failed === undefined ? null : { failed };
}

/**
 * Reads the archive once from its first to its last byte, for its checksum and for what it holds; an archive at a URL is
 * fetched for that, and kept for the upgrade. The step does not fail for anything that it finds: what is wrong with the
 * archive belongs into the report.
 *
 * An archive that the hosts fetch or have themselves is not read here: they compare its sum when it is staged.
 */
export const verifyArchive = defineStep({
  kind: 'verifyArchive',
  params: z.object({ version: z.string() }),
  about: () => theCluster,
  effect: 'looks',
  facts,
  ports: ['inventory', 'archives'],
  timeoutMs: 6 * 3_600_000,
  repeat: 'safe', // it continues after the bytes that are there
  abortable: true,
  describe: ({ version }) => `Prove the archive of ${version}`,
  check: async () => ({ state: 'todo' }),
  apply: async ({ version }, { inventory, archives }, { signal, log }) => {
    const release = await inventory.findRelease(version);
    if (release === null) return { state: 'done', facts: {} };
    try {
      const value = await proveArchive(release, { archives, signal, log });
      return { state: 'done', facts: value === null ? {} : { value } };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
      return { state: 'done', facts: { failed: error.message } };
    }
  },
  undo: { nothing: 'It only reads.' },
});

type Found = { [K in keyof ArchiveFacts]: ArchiveFacts[K] };

async function proveArchive(release: Release, reading: Reading): Promise<Found | null> {
  const { kind, location } = release.source;
  if (kind === 'HOST_URL') {
    const { status, sizeBytes } = await reading.archives.head(location, { signal: reading.signal });
    return { sizeBytes, sha256: null, parts: null, problems: remoteProblems(location, status) };
  }
  const archive = await readArchive(release, reading);
  return archive === null ? null : archiveFactsOf(archive, release.version);
}
