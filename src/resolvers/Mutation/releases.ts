import { createHash } from 'node:crypto';
import { z } from 'zod';
import { minimumJdkOf } from '../../domain/upgrade/path.ts';
import { releaseParts, releaseSourceKinds } from '../../domain/upgrade/release.ts';
import { parseVersion, releaseNameOf, type Version } from '../../domain/version.ts';
import { AppError } from '../../errors.ts';
import { deleteRelease, insertRelease } from '../../store/upgrades/releases.ts';
import { type RequestContext, requireGlobally } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';
import { inspectSource } from './release-source.ts';

const input = z.object({
  version: z.string().max(200),
  source: z.object({ kind: z.enum(releaseSourceKinds), location: z.string().min(1).max(2048) }),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits')
    .refine((sum) => !isNoSum(sum), 'No archive has this sum: give the one that was published with the archive'),
  contents: z
    .array(z.enum(releaseParts))
    .min(1, 'An archive holds something')
    .nullish()
    .transform((parts) => releaseParts.filter((part) => (parts ?? releaseParts).includes(part))),
  minimumJdk: z.int().min(8).max(99).nullish(),
});

/** Placeholders for a checksum that somebody has not looked up yet, and the checksum of an empty file. */
function isNoSum(text: string): boolean {
  const sum = text.toLowerCase();
  return /^(0{64}|f{64})$/.test(sum) || sum === sumOfNothing;
}

const sumOfNothing = createHash('sha256').digest('hex');

export async function registerRelease(_: unknown, { input: given }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'release:manage', action: 'registerRelease' });
  return withUserErrors({ release: null }, async () => {
    const { version: text, source, sha256, contents, minimumJdk } = parseArguments(input, given);
    const version = readVersion(text, ['input', 'version']);
    const { archives } = context.deps.connections;
    const directory = context.deps.config.releasesDirectory;
    const found = await inspectSource(source, { archives, directory, sha256: sha256.toLowerCase() });
    const release = {
      version: releaseNameOf(version),
      source: { kind: source.kind, location: found.location },
      sha256: sha256.toLowerCase(),
      sizeBytes: found.sizeBytes,
      contents,
      minimumJdk: minimumJdk ?? minimumJdkOf(version),
    };
    return { release: await insertRelease(context.deps.db, release, context) };
  });
}

export async function removeRelease(_: unknown, { version }: { version: string }, context: RequestContext) {
  await requireGlobally(context, { permission: 'release:manage', action: 'removeRelease' });
  return withUserErrors({ release: null }, async () => {
    const name = releaseNameOf(readVersion(version, ['version']));
    return { release: await deleteRelease(context.deps.db, name, context) };
  });
}

function readVersion(text: string, path: readonly string[]): Version {
  const version = parseVersion(text);
  if (version !== null) return version;
  throw new AppError('INVALID_INPUT', 'This is no version of StarRocks', {
    hint: 'It looks like 3.5.0, or 3.4.0-rc01 for a candidate.',
    path,
  });
}
