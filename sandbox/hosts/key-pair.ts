import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type KeyPair = {
  /** An OpenSSH private key, mode 0600. */
  readonly privateKeyFile: string;
  /** One line as in `authorized_keys`. */
  readonly publicKey: string;
};

export type KeyPairOptions = { readonly name?: string; readonly passphrase?: string };

/** Makes an ed25519 key pair in `dir`, replacing one of the same name (default `id_ed25519`). */
export async function makeKeyPair(dir: string, options: KeyPairOptions = {}): Promise<KeyPair> {
  const file = join(dir, options.name ?? 'id_ed25519');
  await mkdir(dir, { recursive: true });
  await Promise.all([rm(file, { force: true }), rm(`${file}.pub`, { force: true })]);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', options.passphrase ?? '', '-C', 'stand-in', '-f', file]);
  return { privateKeyFile: file, publicKey: (await readFile(`${file}.pub`, 'utf8')).trim() };
}

/** `SHA256:…` as OpenSSH prints it. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
