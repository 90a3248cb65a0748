import { z } from 'zod';
import type { Archives } from '../../adapters/archives/port.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Release, releaseParts } from '../../domain/release.ts';
import { readMembers } from '../../domain/upgrade-checks-archive.ts';
import type { ArchiveFacts, Asked } from '../../domain/upgrade-checks-facts.ts';
import { AppError } from '../../errors.ts';
import { defineStep } from '../../steps/define.ts';

const archiveFacts = z.object({
  sizeBytes: z.number().nullable(),
  sha256: z.string().nullable(),
  parts: z.array(z.enum(releaseParts)).nullable(),
  problems: z.array(z.string()),
});

/** What the step leaves for `inspectUpgrade`. Neither member: there was nothing to read from here. */
const facts = z.object({ value: archiveFacts.optional(), failed: z.string().optional() });

/** Reads the step's facts back; null = there was nothing to read from here. */
export function parseVerified(found: JsonObject | null): Asked<ArchiveFacts> | null {
  const { value, failed } = facts.parse(found ?? {});
  if (value !== undefined) return { value };
  return failed === undefined ? null : { failed };
}

const mebibyte = 1_048_576;
const tellEveryBytes = 512 * mebibyte;

/**
 * Reads the archive once from its first to its last byte, for its checksum and for what it holds. It fails for nothing that
 * it finds: what is wrong with the archive belongs into the report.
 *
 * An archive at an address is only asked for, since the nodes fetch and prove it; one that is on the nodes is looked for
 * there by the next step.
 */
export const verifyArchive = defineStep({
  kind: 'verifyArchive',
  params: z.object({ version: z.string() }),
  ports: ['inventory', 'archives'],
  timeoutMs: 60 * 60_000,
  repeat: 'safe',
  describe: ({ version }) => `Prove the archive of ${version}`,
  check: async ({ version }, { inventory, archives }, { signal, log }) => {
    const release = await inventory.findRelease(version);
    if (release === null || release.source.kind === 'ON_NODE') return { state: 'done', facts: {} };
    try {
      return { state: 'done', facts: { value: await verify(release, { archives, signal, log }) } };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
      return { state: 'done', facts: { failed: error.message } };
    }
  },
  undo: { nothing: 'It only reads.' },
});

type Reading = { readonly archives: Archives; readonly signal: AbortSignal; readonly log: (line: string) => void };

type Found = { [K in keyof ArchiveFacts]: ArchiveFacts[K] };

async function verify({ source }: Release, { archives, signal, log }: Reading): Promise<Found> {
  const { kind, location } = source;
  if (kind === 'URL') {
    const { status, sizeBytes } = await archives.head(location, { signal });
    return {
      sizeBytes,
      sha256: null,
      parts: null,
      problems: status < 400 ? [] : [`${location} answers HTTP ${status}`],
    };
  }
  let tellAt = tellEveryBytes;
  const { sizeBytes, sha256, members, unreadable } = await archives.examine(location, {
    signal,
    onBytes: (bytes) => {
      if (bytes < tellAt) return;
      tellAt += tellEveryBytes;
      log(`${Math.round(bytes / mebibyte)} MiB of ${location} read`);
    },
  });
  if (unreadable !== null) return { sizeBytes, sha256, parts: null, problems: [unreadable] };
  return { sizeBytes, sha256, ...readMembers(members) };
}
