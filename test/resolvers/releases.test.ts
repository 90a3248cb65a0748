import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { databaseNow } from '../../src/store/database.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

const register = `mutation ($input: RegisterReleaseInput!) { registerRelease(input: $input) {
  release { id version source { kind location } sha256 sizeBytes contents minimumJdk registeredByName }
  userErrors { code message path hint }
} }`;
const remove = `mutation ($version: String!) { removeRelease(version: $version) {
  release { version } userErrors { code message path }
} }`;
const registered = z.object({
  registerRelease: z.object({
    release: z.looseObject({ id: z.string(), version: z.string(), sizeBytes: z.number().nullable() }).nullable(),
    userErrors: z.array(z.object({ code: z.string(), message: z.string(), path: z.array(z.string()).nullable() })),
  }),
});

const content = 'an archive, for all the catalogue knows';
const sha256 = createHash('sha256').update(content).digest('hex');
const other = 'b'.repeat(64);

let directory: string;
let releases: string;
let server: Server;
let url: string;
const asked: string[] = [];
let api: Api;
let admin: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'starwarden-releases-'));
  releases = join(directory, 'releases');
  for (const name of ['releases', 'releases/old', 'releases-of-others']) await mkdir(join(directory, name));
  await writeFile(join(releases, '3.5.0.tar.gz'), content);
  await writeFile(join(directory, 'secret.txt'), content);
  await writeFile(join(directory, 'releases-of-others', 'a.tar.gz'), content);
  await symlink(join(directory, 'secret.txt'), join(releases, 'link-out'));
  await symlink('3.5.0.tar.gz', join(releases, 'link-in'));
  await symlink(directory, join(releases, 'way-out'));
  await symlink(releases, join(directory, 'releases-link'));
  await link(join(releases, '3.5.0.tar.gz'), join(releases, 'hard'));
  await writeFile(join(releases, 'large.tar.gz'), '');
  await truncate(join(releases, 'large.tar.gz'), 65 * 1_048_576); // sparse: it takes no room
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const status = Number(/status-(\d+)/.exec(request.url ?? '')?.[1] ?? 200);
    response.writeHead(status, status === 200 ? { 'content-length': '123456' } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  api = await startApi({
    env: { STARWARDEN_RELEASES_DIR: join(directory, 'releases-link') },
    operations: createSteppedOperations().operations,
  });
  admin = await api.login('root', as.admin);
});
afterAll(async () => {
  await api?.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function tryRegister(input: Record<string, unknown>) {
  const answer = await api.ask(admin, register, { input: { sha256, ...input } });
  expect(answer.errors, answer.text).toBeUndefined();
  return { ...registered.parse(answer.data).registerRelease, text: answer.text };
}

/** A source and a version that nothing is wrong with, unless something is given instead. */
const onNode = (version: string, more: Record<string, unknown> = {}) => ({
  version,
  source: { kind: 'ON_NODE', location: '/opt/starrocks.tar.gz' },
  ...more,
});

const fromPath = (location: string) => ({ version: '3.5.9', source: { kind: 'PATH', location } });
const fromUrl = (location: string) => ({ version: '3.5.9', source: { kind: 'URL', location } });

async function expectNone(version: string) {
  const { data } = await api.ask(admin, 'query ($v: String!) { release(version: $v) { id } }', { v: version });
  expect(data?.release).toBeNull();
}

describe('registering a release', () => {
  it('keeps what is known of it, and fills in what StarRocks says of the version', async () => {
    const { release, userErrors } = await tryRegister({
      version: '3.5.0-48f4d81',
      source: { kind: 'PATH', location: join(releases, '3.5.0.tar.gz') },
      sha256: sha256.toUpperCase(),
    });
    expect(userErrors).toEqual([]);
    expect(release).toEqual({
      id: expect.stringMatching(/^rel_/),
      version: '3.5.0',
      source: { kind: 'PATH', location: join(releases, '3.5.0.tar.gz') },
      sha256,
      sizeBytes: content.length,
      contents: ['FRONTEND', 'BACKEND'],
      minimumJdk: 17,
      registeredByName: 'root',
    });
    const found = await api.ask(admin, 'query ($id: ID!) { node(id: $id) { __typename ... on Release { version } } }', {
      id: release?.id,
    });
    expect(found.data?.node).toEqual({ __typename: 'Release', version: '3.5.0' });
  });

  it('is audited, and so are refusals of those who may not', async () => {
    await tryRegister(onNode('3.0.1'));
    const operator = await api.login('op', as.operator);
    const refused = await api.ask(operator, register, { input: onNode('3.0.2', { sha256 }) });
    expect(refused.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    await expectNone('3.0.2');
    const { data } = await api.ask(admin, '{ audit(first: 20) { nodes { action subject outcome detail } } }');
    expect(data?.audit).toMatchObject({
      nodes: expect.arrayContaining([
        {
          action: 'registerRelease',
          subject: '3.0.1',
          outcome: 'DONE',
          detail: { kind: 'ON_NODE', location: '/opt/starrocks.tar.gz', sha256 },
        },
        { action: 'registerRelease', subject: null, outcome: 'FORBIDDEN', detail: null },
      ]),
    });
  });

  it('of the same release twice is refused, however it is written', async () => {
    expect((await tryRegister(onNode('3.4.0-RC1'))).release?.version).toBe('3.4.0-rc01');
    for (const again of ['3.4.0-rc01', '3.4.0-rc1-35b71e0']) {
      const { release, userErrors } = await tryRegister(onNode(again));
      expect(release).toBeNull();
      expect(userErrors).toMatchObject([{ code: 'ALREADY_EXISTS', path: ['input', 'version'] }]);
    }
  });

  it('takes contents and JDK as they are given', async () => {
    const { release } = await tryRegister(onNode('3.3.1', { contents: ['BACKEND', 'BACKEND'], minimumJdk: 21 }));
    expect(release).toMatchObject({ contents: ['BACKEND'], minimumJdk: 21 });
  });

  it.each([
    ['no version', { version: 'latest' }, 'version'],
    ['a version with a path in it', { version: '3.5.0/../../etc' }, 'version'],
    ['a version with blanks', { version: ' 3.5.0 ' }, 'version'],
    ['a short checksum', { sha256: 'ab' }, 'sha256'],
    ['a checksum with other letters', { sha256: 'g'.repeat(64) }, 'sha256'],
    ['a checksum that nobody has looked up', { sha256: '0'.repeat(64) }, 'sha256'],
    ['a checksum that stands for another', { sha256: 'F'.repeat(64) }, 'sha256'],
    ['the checksum of nothing', { sha256: createHash('sha256').digest('hex') }, 'sha256'],
    ['nothing in the archive', { contents: [] }, 'contents'],
    ['a JDK of the last century', { minimumJdk: 1 }, 'minimumJdk'],
  ])('refuses %s', async (_what, more, path) => {
    const { release, userErrors } = await tryRegister(onNode('3.5.9', more));
    expect(release).toBeNull();
    expect(userErrors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', path] }]);
    await expectNone('3.5.9');
  });
});

describe('an archive on the machine of Starwarden', () => {
  it.each([
    ['outside of the directory', () => join(directory, 'secret.txt'), 'INVALID_INPUT'],
    ['that is not there, outside of the directory', () => join(directory, 'nothing'), 'INVALID_INPUT'],
    ['in a directory with the same beginning', () => join(directory, 'releases-of-others/a.tar.gz'), 'INVALID_INPUT'],
    ['that goes up', () => `${releases}/../secret.txt`, 'INVALID_INPUT'],
    ['behind a link that leads out', () => join(releases, 'link-out'), 'INVALID_INPUT'],
    ['in a directory behind a link that leads out', () => join(releases, 'way-out/secret.txt'), 'INVALID_INPUT'],
    ['that is the directory itself', () => releases, 'INVALID_INPUT'],
    ['that is the root', () => '/', 'INVALID_INPUT'],
    ['that is relative', () => '3.5.0.tar.gz', 'INVALID_INPUT'],
    ['on two lines', () => `${join(releases, '3.5.0.tar.gz')}\n/etc/passwd`, 'INVALID_INPUT'],
    ['with a NUL', () => `${join(releases, '3.5.0.tar.gz')}\0`, 'INVALID_INPUT'],
    ['that is not there', () => join(releases, 'nothing.tar.gz'), 'NOT_FOUND'],
    ['that is a directory', () => join(releases, 'old'), 'NOT_FOUND'],
  ])('%s is refused', async (_what, location, code) => {
    const { release, userErrors } = await tryRegister(fromPath(location()));
    expect(release).toBeNull();
    expect(userErrors).toMatchObject([{ code, path: ['input', 'source', 'location'] }]);
    await expectNone('3.5.9');
  });

  it('is kept by its real path, links resolved', async () => {
    const { release } = await tryRegister({
      version: '3.2.1',
      source: { kind: 'PATH', location: join(directory, 'releases-link', 'link-in') },
    });
    expect(release).toMatchObject({ source: { location: join(releases, '3.5.0.tar.gz') } });
  });

  it('with another checksum is refused', async () => {
    const { userErrors } = await tryRegister({ ...fromPath(join(releases, '3.5.0.tar.gz')), sha256: other });
    expect(userErrors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'sha256'] }]);
    expect(userErrors[0]?.message).toContain(sha256);
  });

  it('that is large is not read in the request', async () => {
    const { release } = await tryRegister({
      version: '3.2.2',
      source: { kind: 'PATH', location: join(releases, 'large.tar.gz') },
      sha256: other,
    });
    expect(release).toMatchObject({ sizeBytes: 65 * 1_048_576, sha256: other });
  });
});

describe('an archive behind a URL', () => {
  it('is asked for its size, and not fetched', async () => {
    const { release } = await tryRegister({
      version: '3.1.1',
      source: { kind: 'URL', location: `${url}/a.tar.gz?x=1` },
    });
    expect(release).toMatchObject({ sizeBytes: 123_456, source: { kind: 'URL', location: `${url}/a.tar.gz?x=1` } });
    expect(asked).toEqual(['HEAD /a.tar.gz?x=1']);
  });

  it('may be where only nodes can reach it', async () => {
    const { release } = await tryRegister({
      version: '3.1.2',
      source: { kind: 'URL', location: 'http://127.0.0.1:1/a' },
    });
    expect(release).toMatchObject({ sizeBytes: null });
    const { release: shy } = await tryRegister({
      version: '3.1.3',
      source: { kind: 'URL', location: `${url}/status-403` },
    });
    expect(shy).toMatchObject({ sizeBytes: null });
  });

  it('that is not there is refused', async () => {
    const { userErrors } = await tryRegister(fromUrl(`${url}/status-404`));
    expect(userErrors).toMatchObject([{ code: 'NOT_FOUND', path: ['input', 'source', 'location'] }]);
  });

  it.each([
    ['a password', 'https://user:hunter2-secret@127.0.0.1/a'],
    ['a user', 'https://hunter2-secret@127.0.0.1/a'],
    ['a signature', 'https://127.0.0.1/a?X-Amz-Signature=hunter2-secret'],
    ['a token', 'https://127.0.0.1/a?b=c&token=hunter2-secret'],
    ['a fragment', 'https://127.0.0.1/a#hunter2-secret'],
    ['another protocol', 'ftp://127.0.0.1/hunter2-secret'],
    ['a file', 'file:///etc/hunter2-secret'],
    ['no protocol', '127.0.0.1/hunter2-secret'],
    ['blanks', 'http://127.0.0.1/hunter2-secret and more'],
    ['a line break', 'http://127.0.0.1/\r\nhunter2-secret'],
    ['other letters', 'http://127.0.0.1/hunter2-secret\u202E'],
    ['too much', `http://127.0.0.1/hunter2-secret${'x'.repeat(3_000)}`],
  ])('with %s is refused, without repeating it', async (_what, location) => {
    const { release, userErrors, text } = await tryRegister(fromUrl(location));
    expect(release).toBeNull();
    expect(userErrors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'source', 'location'] }]);
    expect(text).not.toContain('hunter2-secret');
    await expectNone('3.5.9');
  });
});

describe('a path on the nodes', () => {
  it.each(['opt/a', '/opt/../etc/a', '/opt/a\nb', ''])('%j is refused', async (location) => {
    const { userErrors } = await tryRegister({ version: '3.5.9', source: { kind: 'ON_NODE', location } });
    expect(userErrors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'source', 'location'] }]);
  });
});

describe('the catalogue', () => {
  it('is listed newest first, by meaning, page by page', async () => {
    for (const version of ['9.9.9', '9.10.0', '9.10.0-rc01', '10.0.0']) await tryRegister(onNode(version));
    const page = z.object({
      releases: z.object({
        nodes: z.array(z.object({ version: z.string() })),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string() }),
      }),
    });
    const query =
      'query ($after: String) { releases(first: 3, after: $after) { nodes { version } pageInfo { hasNextPage endCursor } } }';
    const first = page.parse((await api.ask(admin, query)).data).releases;
    expect(first.nodes.map(({ version }) => version)).toEqual(['10.0.0', '9.10.0', '9.10.0-rc01']);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = page.parse((await api.ask(admin, query, { after: first.pageInfo.endCursor })).data).releases;
    expect(second.nodes[0]?.version).toBe('9.9.9');
  });

  it('may be read by whoever may read one cluster, and by nobody else', async () => {
    const viewer = await api.login('guest', { role: 'VIEWER', scope: { kind: 'environment', environment: 'dev' } });
    const nobody = await api.login('nobody');
    const query = '{ releases { nodes { version } } release(version: "10.0.0-48f4d81") { version } }';
    expect((await api.ask(viewer, query)).data?.release).toEqual({ version: '10.0.0' });
    expect((await api.ask(nobody, query)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    expect((await api.ask(viewer, remove, { version: '10.0.0' })).errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
  });

  it('forgets a release that is removed, and then takes it again', async () => {
    await tryRegister(onNode('8.0.0'));
    const gone = await api.ask(admin, remove, { version: '8.0.0-48f4d81' });
    expect(gone.data?.removeRelease).toEqual({ release: { version: '8.0.0' }, userErrors: [] });
    await expectNone('8.0.0');
    const again = await api.ask(admin, remove, { version: '8.0.0' });
    expect(again.data?.removeRelease).toMatchObject({ release: null, userErrors: [{ code: 'NOT_FOUND' }] });
    expect((await tryRegister(onNode('8.0.0'))).userErrors).toEqual([]);
    const odd = await api.ask(admin, remove, { version: 'MAIN-RELEASE-d094052' });
    expect(odd.data?.removeRelease).toMatchObject({ userErrors: [{ code: 'INVALID_INPUT', path: ['version'] }] });
  });

  it('keeps a release while a run that is not over needs it', async () => {
    await tryRegister(onNode('8.1.0'));
    const clusterId = await api.engine.addCluster('in-use');
    await api.ask(admin, `mutation { touchCluster(input: { clusterId: "${clusterId}" }) { run { id } } }`);
    const { db } = api.engine.ctx;
    const upgrade = { operation: 'upgradeCluster', input: JSON.stringify({ clusterId, to: '8.1.0' }) };
    await db.updateTable('run').set(upgrade).where('cluster_id', '=', clusterId).execute();
    const kept = await api.ask(admin, remove, { version: '8.1.0' });
    expect(kept.data?.removeRelease).toMatchObject({ release: null, userErrors: [{ code: 'PRECONDITION_FAILED' }] });
    await db
      .updateTable('run')
      .set({ state: 'SUCCEEDED', finished_at: databaseNow })
      .where('cluster_id', '=', clusterId)
      .execute();
    const gone = await api.ask(admin, remove, { version: '8.1.0' });
    expect(gone.data?.removeRelease).toMatchObject({ release: { version: '8.1.0' } });
  });
});

it('a Starwarden without a directory of releases takes none by path', async () => {
  const plain = await startApi();
  try {
    const token = await plain.login('root', as.admin);
    const input = { ...fromPath('/etc/passwd'), sha256 };
    const { data } = await plain.ask(token, register, { input });
    expect(data?.registerRelease).toMatchObject({
      release: null,
      userErrors: [{ code: 'INVALID_INPUT', hint: expect.stringContaining('STARWARDEN_RELEASES_DIR') }],
    });
  } finally {
    await plain.close();
  }
});
