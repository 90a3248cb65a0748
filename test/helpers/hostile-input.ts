import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { parseScript } from '../../sandbox/starrocks/sql/parse.ts';
import { connectSql } from '../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../sandbox/world/start-world.ts';
import { AppError } from '../../src/errors.ts';
import type { AnyOperation } from '../../src/operations/define.ts';
import { operations } from '../../src/operations/index.ts';
import type { InputField, InputType } from '../../src/operations/input/input-field.ts';
import { submit } from '../../src/runs/submit.ts';
import { admin, type Engine, startEngine } from './engine.ts';
import { logLines, type Managed, manage } from './world.ts';

/*
 * Every text field of every operation, given strings that end quotes, statements and commands. Whatever is not refused is
 * carried out, and then the logs of the world say what really arrived.
 */

/** Made by whatever runs the commands below; nobody may. */
const trap = join(tmpdir(), `pwned-${randomUUID()}`);

const hostile = [
  `'; DROP DATABASE sales; --`,
  '`; DROP DATABASE sales; --',
  '"; DROP DATABASE sales; --',
  `\\'; DROP DATABASE sales; --`,
  'a\nb',
  'a\0b',
  `$(touch ${trap})`,
  `\`touch ${trap}\``,
  `'$(touch ${trap})'`,
  `; touch ${trap}`,
  '--option',
  '../../etc/passwd',
  `/opt/$(touch ${trap})`,
  `/opt/it's here; touch ${trap}`,
  '/opt/a\tb`c`"d"',
  '🐳🐳',
  '<!channel> <@U123> &amp;',
  '\u202Edlihc',
  '\uD800',
  '',
  ' ',
  'x'.repeat(1_000_000),
];

/** For a statement, for a shell, and nothing at all. */
const someHostile = [`'; DROP DATABASE sales; --`, `$(touch ${trap})`, ''];

/**
 * A field that several operations have in common is made by one function, and a text that is refused is refused there: after
 * the first of them the others get some texts. A field of their own, and one with other limits, gets them all.
 */
const tried = new Set<string>();

function textsFor(path: readonly string[], fields: readonly InputField[], again: 'some' | 'all'): readonly string[] {
  const field = fields.find(({ name }) => name === path[0]);
  const key = JSON.stringify([path, field?.type, field?.required, field?.description]);
  if (tried.has(key) && again === 'some') return someHostile;
  tried.add(key);
  return hostile;
}

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;

const nowhere = { endpoint: 'http://store.invalid', pathStyle: true, accessKey: 'x', secretKey: 'y' };

/** Inputs that name more than the cluster, which the example cannot know. */
const validInputs: Record<string, () => Promise<Record<string, unknown>>> = {
  // A store that nobody has: with the region of the example alone, AWS would be asked.
  createRepository: async () => ({ clusterId, name: 'hostile', location: 's3://bucket/folder', s3: nowhere }),
  takeOverRepository: async () => ({ clusterId, name: 'backups', s3: nowhere }),
  registerCluster: async () => ({ ...managed.registration('other'), tls: { verify: true, ca: 'x' } }),
  adoptCluster: async () => ({
    ...(await managed.adoption('other-2')),
    tls: { verify: true, ca: 'x' },
    passphrase: 'x',
  }),
  // Without a key that somebody vouched for nobody logs in, so that each try is short.
  deployCluster: async () => {
    const { address, sshPort: port } = managed.host('be1');
    return {
      ...{ name: 'other-3', environment: 'dev', version: '3.3.15', user: 'starrocks', hosts: [{ address, port }] },
      frontends: [{ host: address, deployDir: '/opt/x/fe', metaDir: '/data/x/meta', conf: ['qe_max_connection = 1'] }],
      backends: [
        { host: address, deployDir: '/opt/x/be', storage: ['/data/x'], location: 'rack:r1', conf: ['mem_limit = 1%'] },
      ],
      computeNodes: [{ host: address, deployDir: '/opt/x/cn', storage: ['/data/y'], conf: ['mem_limit = 1%'] }],
      ...{ frontendConf: ['priority_networks = 10.0.0.0/8'], backendConf: ['mem_limit = 1%'] },
      ...{ password: 'x', rootPassword: 'y', passphrase: 'x', acceptChecks: ['open-files'] },
    };
  },
  attachHosts: async () => {
    const input = await managed.attachInput(clusterId, ['be2']);
    return { ...input, passphrase: 'x' };
  },
  acceptHostKey: async () => {
    const host = managed.host('be1');
    return { clusterId, address: host.address, port: host.sshPort, fingerprint: host.hostKeyFingerprint };
  },
  checkHosts: async () => ({
    clusterId,
    hosts: [managed.host('be1').address],
    kinds: ['BACKEND'],
    deployDir: '/opt/be',
    storage: ['/data'],
  }),
  checkUpgrade: async () => ({ clusterId, to: '3.5.0' }),
  backUpDatabase: async () => ({ clusterId, database: 'sales', repository: 'backups', snapshot: `s${Date.now()}` }),
  upgradeCluster: async () => ({ clusterId, to: '3.5.0', acceptWarnings: ['backup-fresh'] }),
  downgradeCluster: async () => ({ clusterId, to: '3.2.16', acceptWarnings: ['backup-fresh'] }),
  restartNode: async () => ({ clusterId, nodeId: await managed.nodeIdOf(clusterId, 'be1') }),
  detachHost: async () => ({ clusterId, address: managed.host('be1').address, port: managed.host('be1').sshPort }),
  updateCluster: async () => ({
    clusterId,
    name: 'target-2',
    environment: 'staging',
    frontends: listOf(managed.registration('x').frontends),
    sqlUser: managed.registration('x').sqlUser,
    password: managed.registration('x').password,
    tls: { enabled: false, ca: 'x' },
  }),
};

/** The tests of a file; `again` = what a field gets that an operation before had already. */
export function tryHostileInput({ again }: { readonly again: 'some' | 'all' }): void {
  beforeAll(async () => {
    world = await startWorld({ starwarden: false, slack: false, speed: 20 });
    engine = await startEngine();
    managed = manage(world, engine);
    clusterId = await managed.register('target');
    const run = await managed.ask('attachHosts', await managed.attachInput(clusterId, ['be1']));
    await managed.finish(run.id);
  });

  afterAll(async () => {
    await engine?.close();
    await world?.stop();
  });

  it.each(operations.map((operation) => [operation.name, operation] as const))(
    '%s: hostile text in any field is refused as a mistake, or arrives as what it is',
    async (name, operation) => {
      const valid = (await validInputs[name]?.()) ?? exampleOnTarget(operation);
      const before = (await statements()).length;
      const refused = new Set<string>();
      for (const path of textPaths(operation.fields)) {
        for (const text of textsFor(path, operation.fields, again)) {
          const outcome = await tryInput(operation, withValue(valid, path, text));
          expect(outcome, `${name} ${path.join('.')} = ${JSON.stringify(text.slice(0, 60))}`).not.toMatch(
            /INTERNAL|unexpected/,
          );
          if (outcome !== 'accepted') refused.add(path.join('.'));
        }
        expect(refused.has(path.join('.')), `${path.join('.')} takes anything`).toBe(true);
      }
      for (const text of (await statements()).slice(before))
        expect(parseScript(text, { newBackupClauses: false })).toHaveLength(1);
      expect((await statements()).slice(before).filter((text) => /^\s*DROP/i.test(text))).toEqual([]);
      expect(existsSync(trap)).toBe(false);
      expect(await databaseExists('sales')).toBe(true);
    },
  );
}

/** Asks, works until the end if it was accepted, and answers `accepted` or the code of the refusal. */
async function tryInput(operation: AnyOperation, input: unknown): Promise<string> {
  try {
    const { run, userErrors } = await submit(engine.ctx.engine, { operation: operation.name, input, actor: admin });
    for (const error of userErrors)
      expect(error).toMatchObject({ message: expect.any(String), hint: expect.any(String) });
    if (run === null) return userErrors[0]?.code ?? 'no code';
    const ended = await managed.finish(run.id);
    return ended.failure?.code === 'INTERNAL_SERVER_ERROR' ? 'INTERNAL_SERVER_ERROR' : 'accepted';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    return `unexpected: ${String(error)}`;
  }
}

/** Paths of all text fields, those inside lists by index 0. */
function textPaths(fields: readonly InputField[], path: readonly string[] = []): string[][] {
  return fields.flatMap(({ name, type }) => pathsIn(type, [...path, name]));
}

function pathsIn(type: InputType, path: readonly string[]): string[][] {
  if (type.kind === 'list') return pathsIn(type.of, [...path, '0']);
  if (type.kind === 'object') return textPaths(type.fields, path);
  return type.kind === 'text' || type.kind === 'id' ? [[...path]] : [];
}

function exampleOnTarget({ example }: AnyOperation): unknown {
  return JSON.parse(JSON.stringify(example).replaceAll(/clu_[0-9A-Z]{26}/g, clusterId));
}

function withValue(input: unknown, [key, ...rest]: readonly string[], value: string): unknown {
  if (key === undefined) return value;
  if (Array.isArray(input))
    return input.map((item, index) => (String(index) === key ? withValue(item, rest, value) : item));
  const members = z.record(z.string(), z.unknown()).parse(input ?? {});
  return { ...members, [key]: withValue(members[key], rest, value) };
}

async function statements(): Promise<string[]> {
  const { logs, cluster } = world.describe();
  return (await logLines(logs.statements))
    .filter((line) => line.user === cluster.sqlUser)
    .map((line) => String(line.text));
}

async function databaseExists(name: string): Promise<boolean> {
  const [first] = world.describe().cluster.frontends;
  const sql = await connectSql({ host: first?.host ?? '', port: first?.queryPort ?? 0, user: 'root', password: '' });
  const rows = await sql.query('SHOW DATABASES');
  sql.close();
  return rows.some((row) => Object.values(row).includes(name));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
