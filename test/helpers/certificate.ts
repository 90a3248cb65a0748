import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const config = `
[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
`;

export type Certificate = { readonly key: string; readonly cert: string };

/** A certificate that nobody else has signed, made by OpenSSL, which ends at this moment (whole seconds), passed or not. */
export async function makeCertificate(endsAt: Date): Promise<Certificate> {
  const cwd = await mkdtemp(join(tmpdir(), 'certificate-'));
  try {
    await writeFile(join(cwd, 'ca.conf'), config);
    await writeFile(join(cwd, 'index'), '');
    await writeFile(join(cwd, 'serial'), '01\n');
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await run('openssl', ['req', '-new', ...ec, '-keyout', 'key', '-out', 'request', '-subj', '/CN=of-a-test'], {
      cwd,
    });
    const times = ['-startdate', asn1(new Date('2020-01-01T00:00:00Z')), '-enddate', asn1(endsAt)];
    const files = ['-config', 'ca.conf', '-keyfile', 'key', '-in', 'request', '-out', 'cert'];
    await run('openssl', ['ca', '-batch', '-selfsign', '-notext', ...files, ...times], { cwd });
    const [key, cert] = await Promise.all(['key', 'cert'].map((name) => readFile(join(cwd, name), 'utf8')));
    if (key === undefined || cert === undefined) throw new Error('openssl has made nothing');
    return { key, cert };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** `20270102000000Z`. */
function asn1(at: Date): string {
  return `${at.toISOString().replace(/\.\d+/, '').replace(/\D/g, '')}Z`;
}
