import { execFile } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKeyPair } from '../../../sandbox/hosts/key-pair.ts';
import { usablePrivateKey } from '../../../src/adapters/ssh/private-key.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'private-key-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const keys: readonly (readonly [string, KeyObject])[] = [
  ['ed25519', ed25519],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey],
  ['ECDSA P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['ECDSA P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey],
];
const pem = (key: KeyObject, passphrase?: string) =>
  key
    .export({
      type: 'pkcs8',
      format: 'pem',
      ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
    })
    .toString();

/** The public half, as OpenSSH itself reads it from what we made of the key. */
async function publicHalf(key: string): Promise<string> {
  const file = join(dir, crypto.randomUUID());
  await writeFile(file, key, { mode: 0o600 });
  return (await promisify(execFile)('ssh-keygen', ['-y', '-P', '', '-f', file])).stdout
    .trim()
    .split(' ')
    .slice(0, 2)
    .join(' ');
}

/** `ssh-keygen` up to OpenSSH 9.5 reads no ed25519 key in PKCS#8. */
function inSshFormat(key: KeyObject): string {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const point = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(point)]).toString('base64')}`;
}

describe('a PKCS#8 key', () => {
  it.each(keys)('(%s) is taken, with a passphrase and without, and is the same key', async (_type, key) => {
    const wanted = key === ed25519 ? inSshFormat(key) : await publicHalf(pem(key));
    for (const [text, passphrase] of [
      [pem(key), null],
      [pem(key, 'open'), 'open'],
    ] as const) {
      const usable = usablePrivateKey({ text, passphrase });
      expect(await publicHalf(usable.key)).toBe(wanted);
      const parsed = ssh2.utils.parseKey(usable.key, usable.passphrase ?? undefined);
      expect(parsed).not.toBeInstanceOf(Error);
    }
  });

  it.each(keys)('(%s) may come with the line ends of Windows, or spelt out', (_type, key) => {
    const { key: plain } = usablePrivateKey({ text: pem(key), passphrase: null });
    for (const text of [pem(key).replaceAll('\n', '\r\n'), `  ${pem(key).trim().replaceAll('\n', '\\n')} `])
      expect(usablePrivateKey({ text, passphrase: null }).key).toBe(plain);
  });
});

describe('a key that cannot be used', () => {
  const secret = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmU';
  it.each<[string, () => Promise<string> | string, string | null, RegExp]>([
    ['is empty', () => ' \n', null, /empty/],
    ['is a public key', async () => (await makeKeyPair(dir)).publicKey, null, /public key; its private half/],
    [
      'is a public key in PEM',
      () => `-----BEGIN PUBLIC KEY-----\n${secret}\n-----END PUBLIC KEY-----\n`,
      null,
      /public key/,
    ],
    ['is a public key as SSH2 writes it', () => `---- BEGIN SSH2 PUBLIC KEY ----\n${secret}\n`, null, /public key/],
    [
      'is a certificate',
      () => `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----\n`,
      null,
      /certificate/,
    ],
    ["is PuTTY's", () => `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n${secret}\n`, null, /PuTTY/],
    ['is a path', () => '/home/me/.ssh/id_ed25519', null, /not a private key/],
    ['is a password', () => 'hunter2', null, /not a private key/],
    [
      'is cut off',
      async () => (await protectedKey()).slice(0, 200),
      'correct',
      /not a private key|cannot be read|damaged/,
    ],
    [
      'is damaged',
      () => `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n-----END OPENSSH PRIVATE KEY-----\n`,
      null,
      /damaged/,
    ],
    ['is damaged PKCS#8', () => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`, null, /damaged/],
    ['wants a passphrase', () => protectedKey(), null, /protected by a passphrase/],
    ['wants another passphrase', () => protectedKey(), 'wrong', /does not open/],
    ['is PKCS#8 and wants a passphrase', () => pem(ed25519, 'open'), null, /protected by a passphrase/],
    ['is PKCS#8 and wants another passphrase', () => pem(ed25519, 'open'), 'wrong', /does not open/],
    ['is of a type of its own', () => pem(generateKeyPairSync('x25519').privateKey), null, /type that cannot be used/],
  ])('because it %s is refused with the reason, and not shown', async (_what, give, passphrase, reason) => {
    const text = await give();
    const refusal = await Promise.resolve()
      .then(() => usablePrivateKey({ text, passphrase }))
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(reason) });
    expect(String(refusal)).not.toContain(secret);
  });
});

async function protectedKey(): Promise<string> {
  const { privateKeyFile } = await makeKeyPair(dir, { name: 'protected', passphrase: 'correct' });
  return readFile(privateKeyFile, 'utf8');
}
