import { createPrivateKey, type KeyObject } from 'node:crypto';
import ssh2 from 'ssh2';
import { AppError, messageOf } from '../../errors.ts';

export type GivenKey = { readonly text: string; readonly passphrase: string | null };

/**
 * A private key in a form that the driver reads, without a passphrase if it had to be converted. OpenSSH's own format,
 * PEM (PKCS#1, SEC 1) and PKCS#8 are accepted; for anything else it throws `INVALID_INPUT` with the reason, and shows
 * nothing of the text.
 */
export function usablePrivateKey({ text, passphrase }: GivenKey): { key: string; passphrase: string | null } {
  // The key may be pasted from a form or an environment variable: Windows line ends, blanks around it, `\n` spelt out.
  const key = `${text.replaceAll('\r\n', '\n').replaceAll('\\n', '\n').trim()}\n`;
  const kind = /^-----BEGIN ([A-Z0-9 ]+)-----$/m.exec(key)?.[1] ?? '';
  refuseOthers(key, kind);
  if (kind === 'PRIVATE KEY' || kind === 'ENCRYPTED PRIVATE KEY') {
    if (kind === 'ENCRYPTED PRIVATE KEY' && !passphrase) throw noPassphrase();
    return { key: fromPkcs8({ text: key, passphrase }), passphrase: null };
  }
  const parsed = ssh2.utils.parseKey(key, passphrase ?? undefined);
  if (!(parsed instanceof Error)) return { key, passphrase };
  throw unusable(messageOf(parsed), passphrase);
}

const path = ['input', 'privateKey'] as const;

const wanted =
  'Give the private key itself (the file without .pub, as `ssh-keygen -t ed25519` makes it), with its passphrase if it has one';

function refuseOthers(key: string, kind: string): void {
  const refuse = (message: string, hint = wanted): never => {
    throw new AppError('INVALID_INPUT', message, { hint, path });
  };
  if (key.trim() === '') refuse('The private key is empty');
  const isPublic =
    /^(ssh-|ecdsa-|sk-)\S+ AAAA/.test(key) || kind.includes('PUBLIC KEY') || key.includes('---- BEGIN SSH2 PUBLIC');
  if (isPublic) refuse('This is a public key; its private half is needed');
  if (kind.includes('CERTIFICATE')) refuse('This is a certificate, not a private key');
  if (key.startsWith('PuTTY-User-Key-File'))
    refuse(
      "This is a key in PuTTY's format",
      'Export it in OpenSSH format: `puttygen key.ppk -O private-openssh -o key`',
    );
  if (!kind.endsWith('PRIVATE KEY')) refuse('This is not a private key that can be read');
}

function noPassphrase(): AppError {
  return new AppError('INVALID_INPUT', 'The private key is protected by a passphrase, and none was given', {
    hint: 'Give its passphrase too, or a key without one',
    path: ['input', 'passphrase'],
  });
}

function unusable(reason: string, passphrase: string | null): AppError {
  if (/no passphrase given/i.test(reason)) return noPassphrase();
  if (/bad passphrase|integrity check|bad decrypt/i.test(reason)) return wrongPassphrase();
  if (/Unsupported key type|Unsupported OpenSSH private key type/i.test(reason)) return badType(reason);
  const about = passphrase === null ? '' : ' with the passphrase that was given';
  return new AppError('INVALID_INPUT', `The private key cannot be read${about}: it is damaged or cut off`, {
    hint: wanted,
    path,
  });
}

function wrongPassphrase(): AppError {
  return new AppError('INVALID_INPUT', 'The passphrase does not open the private key', {
    hint: 'Try it with `ssh-keygen -y -f <key>`',
    path: ['input', 'passphrase'],
  });
}

function badType(reason: string): AppError {
  return new AppError('INVALID_INPUT', `The private key is of a type that cannot be used: ${reason}`, {
    path,
    hint: 'Use an ed25519, ECDSA or RSA key; one on a security key (sk-…) needs the SSH agent',
  });
}

function fromPkcs8({ text, passphrase }: GivenKey): string {
  const key = openPkcs8({ text, passphrase });
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return ed25519InOpenSsh(key);
    default:
      throw badType(String(key.asymmetricKeyType));
  }
}

function openPkcs8({ text, passphrase }: GivenKey): KeyObject {
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch (error) {
    throw text.includes('ENCRYPTED') ? wrongPassphrase() : unusable(messageOf(error), passphrase);
  }
}

/** The driver reads ed25519 keys in OpenSSH's own format alone (PROTOCOL.key in its sources). */
function ed25519InOpenSsh(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const [publicKey, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const field = (value: Buffer | string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const type = field('ssh-ed25519');
  const check = Buffer.from('starstar');
  const inner = Buffer.concat([check, type, field(publicKey), field(Buffer.concat([seed, publicKey])), field('')]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, at) => at + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[field('none'), field('none'), field(''), one],
    field(Buffer.concat([type, field(publicKey)])),
    field(Buffer.concat([inner, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}
