import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Twenty bytes without a zero, because clients read the scramble as a text that ends with one. */
export function createScramble(): Buffer {
  return Buffer.from(randomBytes(20).map((byte) => (byte % 127) + 1));
}

/** What is stored for a password: SHA1(SHA1(password)) in hex, empty for an empty password. */
export function hashPassword(password: string): string {
  return password === '' ? '' : sha1(sha1(Buffer.from(password, 'utf8'))).toString('hex');
}

/** The check of mysql_native_password: the client proves that it knows the password without sending it. */
export function isProofOf(stored: string, proof: Buffer, scramble: Buffer): boolean {
  if (stored === '' || proof.length === 0) return stored === '' && proof.length === 0;
  if (proof.length !== 20) return false;
  const storedBytes = Buffer.from(stored, 'hex');
  const mask = sha1(Buffer.concat([scramble, storedBytes]));
  const once = Buffer.from(proof.map((byte, index) => byte ^ (mask[index] ?? 0)));
  return timingSafeEqual(sha1(once), storedBytes);
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}
