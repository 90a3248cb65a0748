import { AppError } from '../../errors.ts';

/** The most bytes of a key that S3 takes. */
const longestKey = 1_024;

/** What is wrong with a key that is to be asked for; null = it leads nowhere but into the repository's root. */
export function whyNoKey(key: string): string | null {
  return key === '' ? 'is empty' : whyNoPrefix(key);
}

/** The same for the beginning of keys, which may be empty and may end anywhere. */
export function whyNoPrefix(prefix: string): string | null {
  if (prefix === '') return null;
  if (!prefix.isWellFormed()) return 'is no valid Unicode text';
  if (Buffer.byteLength(prefix) > longestKey) return `is longer than ${longestKey} bytes`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(prefix)) return 'holds a control character';
  if (prefix.includes('\\')) return 'holds a backslash';
  const parts = prefix.split('/');
  if (parts.includes('.') || parts.includes('..')) return 'holds a part that leads elsewhere';
  // The last part may be empty: `__ss_nightly/`, which is also the key of what stands for a folder in some stores.
  return parts.slice(0, -1).includes('') ? 'holds an empty part' : null;
}

/** Throws `INVALID_INPUT` for a key that could lead out of the root. */
export function assertKey(key: string): void {
  refuse('key', key, whyNoKey(key));
}

export function assertPrefix(prefix: string): void {
  refuse('prefix', prefix, whyNoPrefix(prefix));
}

/** Throws `INVALID_INPUT` unless every key is an object of this snapshot, whose name has to be one that Starwarden makes. */
export function assertOfSnapshot(snapshot: string, keys: readonly string[]): void {
  if (!/^\w{1,64}$/.test(snapshot))
    throw new AppError('INVALID_INPUT', `Objects of a snapshot named ${JSON.stringify(snapshot)} are never removed`, {
      hint: 'Starwarden removes snapshots only whose names are letters, digits and underscores, as its own are.',
    });
  const own = `__ss_${snapshot}/`;
  for (const key of keys) {
    assertKey(key);
    if (!key.startsWith(own))
      throw new AppError('INVALID_INPUT', `${JSON.stringify(key)} does not belong to the snapshot ${snapshot}`, {
        hint: 'Nothing was removed.',
      });
  }
}

function refuse(what: string, text: string, reason: string | null): void {
  if (reason !== null) throw new AppError('INVALID_INPUT', `The ${what} ${JSON.stringify(text)} ${reason}`);
}
