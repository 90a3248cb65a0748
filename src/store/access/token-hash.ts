import { createHash } from 'node:crypto';

/** A token's hash. Tokens are random, so nobody can find one by trying values against a plain hash, and no salt is needed. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
