import { z } from 'zod';
import { theCluster } from '../../domain/subject.ts';
import { archiveFactsOf } from '../../domain/upgrade/checks-archive.ts';
import { type ReleaseSource, releaseSourceKinds } from '../../domain/upgrade/release.ts';
import { AppError } from '../../errors.ts';
import { defineStep } from '../define.ts';
import { otherArchive } from './other-archive.ts';
import { readArchive } from './read-archive.ts';

/** Those that Starwarden reads and sends; the others are read by the hosts. */
export function isSentFromHere(kind: ReleaseSource['kind']): boolean {
  return kind === 'PATH' || kind === 'URL';
}

/**
 * Reads the archive before it is sent anywhere, for its checksum and for what it holds; an archive at a URL is fetched
 * for that, once for all hosts. So a person learns what is wrong with it before any host is touched, and long before any
 * node is stopped.
 */
export const proveArchive = defineStep({
  kind: 'proveArchive',
  params: z.object({
    release: z.object({ version: z.string(), sha256: z.string() }),
    source: z.object({ kind: z.enum(releaseSourceKinds), location: z.string() }),
    /** The parts of the archive that the nodes of the cluster need. */
    parts: z.array(z.enum(['FRONTEND', 'BACKEND'])),
  }),
  about: () => theCluster,
  effect: 'looks',
  ports: ['inventory', 'archives'],
  timeoutMs: 6 * 3_600_000,
  repeat: 'safe', // it continues after the bytes that are there
  abortable: true,
  describe: ({ release: { version }, source: { kind, location } }) =>
    kind === 'URL'
      ? `Fetch the archive of ${version} once from ${location}, for all hosts, and prove it`
      : `Prove the archive of ${version} at ${location}`,
  check: async ({ release }, { inventory }) => (await otherArchive(inventory, release)) ?? { state: 'todo' },
  apply: async ({ release: { version, sha256 }, source, parts }, { archives }, { signal, log }) => {
    const archive = await readArchive({ source, sha256 }, { archives, signal, log });
    if (archive === null) return { state: 'done' };
    const found = archiveFactsOf(archive, version);
    const missing = parts.filter((part) => !(found.parts ?? parts).includes(part));
    const problems = [
      ...(found.sha256 === sha256 ? [] : [`it has the SHA-256 sum ${found.sha256}, not ${sha256}`]),
      ...found.problems,
      ...missing.map((part) => `it has no ${part === 'FRONTEND' ? 'fe' : 'be'} with bin and lib in it`),
    ];
    if (problems.length === 0) return { state: 'done', facts: { sizeBytes: archive.sizeBytes } };
    throw new AppError('COMMAND_FAILED', `The archive of ${version} at ${source.location}: ${problems.join('; ')}`, {
      hint: 'The archive is not the one that was registered. Register the right one, then ask again.',
    });
  },
  undo: { nothing: 'It only reads.' },
});
