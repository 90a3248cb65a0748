import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { AppError } from '../errors.ts';

/** Keys for stored secrets: the first one seals, each of them opens. Rotation = put a new key in front. */
export type SealingKeys = readonly { readonly id: string; readonly key: Buffer }[];

/** A key from its base64 text (32 bytes). The id is the start of its hash, so it never has to be chosen. */
export function sealingKey(base64: string): { id: string; key: Buffer } {
  const key = Buffer.from(base64, 'base64');
  if (key.length !== 32) {
    throw new AppError('INVALID_INPUT', `A secret key has 32 bytes in base64; this one has ${key.length}`, {
      hint: 'Make one with: openssl rand -base64 32',
    });
  }
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 12), key };
}

/** AES-256-GCM: nonce, tag and ciphertext in base64, bound to `context` (the row's id), so that rows cannot be swapped. */
export function seal(plain: string, keys: SealingKeys, context: string): { text: string; keyId: string } {
  const [first] = keys;
  if (first === undefined)
    throw new AppError('CREDENTIAL_MISSING', 'No secret key is configured', { hint: 'Set STARWARDEN_SECRET_KEY.' });
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', first.key, nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return { text: Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64'), keyId: first.id };
}

/** Opens what `seal` made. Throws `CREDENTIAL_MISSING` when the key is not configured any more or the text was changed. */
export function unseal(sealed: { text: string; keyId: string }, keys: SealingKeys, context: string): string {
  const found = keys.find((candidate) => candidate.id === sealed.keyId);
  if (found === undefined) {
    throw new AppError('CREDENTIAL_MISSING', `A secret was sealed with key ${sealed.keyId}, which is not configured`, {
      hint: 'Add the old key to STARWARDEN_SECRET_KEY (comma separated, newest first).',
    });
  }
  const bytes = Buffer.from(sealed.text, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(0, 12))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new AppError(
      'CREDENTIAL_MISSING',
      'A stored secret cannot be opened: it was changed or belongs to another row',
      {
        hint: 'Give the secret again.',
        cause,
      },
    );
  }
}
