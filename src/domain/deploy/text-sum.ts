import { createHash } from 'node:crypto';

/** The SHA-256 sum of a text in UTF-8: 64 hexadecimal digits, lower case, as `sha256sum` prints it. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
