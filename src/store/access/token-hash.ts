import { createHash } from 'node:crypto';

/** A token's hash. Tokens are random, so a plain hash cannot be guessed backwards and no salt is needed. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
