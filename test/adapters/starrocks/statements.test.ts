import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStarRocks, type StarRocks } from '../../../src/adapters/starrocks/mysql2.ts';
import type { StarRocksSql, Statement } from '../../../src/adapters/starrocks/port.ts';
import * as statements from '../../../src/adapters/starrocks/statements.ts';
import { createTestDatabase, type TestDatabase } from '../../helpers/services.ts';

const { ident, literal } = statements;

let database: TestDatabase;
let starrocks: StarRocks;
let sql: StarRocksSql;

beforeAll(async () => {
  database = await createTestDatabase();
  starrocks = createStarRocks();
  const { hostname, port, username, password } = new URL(database.url);
  sql = starrocks.connect({
    frontends: [{ host: hostname, port: Number(port) }],
    user: decodeURIComponent(username),
    password: async () => decodeURIComponent(password),
    tls: null,
  });
});

afterAll(async () => {
  await starrocks?.close();
  await database?.drop();
});

const read = (text: string): Statement => ({ name: 'test-read', text, effect: 'read' });

const sharp = fc.constantFrom(
  "'",
  '"',
  '`',
  '\\',
  ';',
  '-',
  '/',
  '*',
  '#',
  '%',
  '_',
  '\n',
  '\r',
  '\t',
  '\b',
  '\x1a',
  ' ',
  'n',
  '0',
  'é',
  '🚀',
);
const anyText = fc
  .oneof(fc.string({ unit: sharp, maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 60 }))
  .filter((text) => !text.includes('\0') && text.isWellFormed());

describe('literal', () => {
  it('is read by a real server as exactly that text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 20 }), async (values) => {
        const columns = values.map((value, index) => `${literal(value)} AS c${index}`);
        const [row] = await sql.query(read(`SELECT ${columns.join(', ')}`));
        expect(Object.values(row ?? {})).toEqual(values);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [`it's`, `'it\\'s'`],
    ['back\\slash', `'back\\\\slash'`],
    [`\\'; DROP TABLE t; --`, `'\\\\\\'; DROP TABLE t; --'`],
    ['', `''`],
  ])('writes %j as %s', (value, written) => {
    expect(literal(value)).toBe(written);
  });

  it.each(['a\0b', '\ud800', 'x'.repeat(65_536)])('refuses a text that no statement can hold', (value) => {
    expect(() => literal(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('ident', () => {
  // Without what MariaDB and the driver allow less than StarRocks: names such as __proto__, long names, code points
  // beyond 65,535, blanks and control characters at the ends.
  const names = anyText.filter(
    (text) => /^.{1,20}$/su.test(text) && !/^__|^[\s\p{C}]|[\s\p{C}]$|[\u{10000}-\u{10ffff}]/u.test(text),
  );

  it('is read by a real server as exactly that name', async () => {
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const [row] = await sql.query(read(`SELECT ${ident(name)} FROM (SELECT 'found' AS ${ident(name)}) AS t`));
        expect(Object.entries(row ?? {})).toEqual([[name, 'found']]);
      }),
      { numRuns: 100 },
    );
  });

  it.each(['', 'a\0b', '\udc00', 'x'.repeat(1_025)])('refuses a name that cannot be one', (name) => {
    expect(() => ident(name)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });

  it('doubles the backtick', () => {
    expect(ident('a`b')).toBe('`a``b`');
  });
});

describe('statements', () => {
  const table = { database: 'sales', table: 'orders' };

  it.each<[Statement, string]>([
    [statements.showFrontends(), 'SHOW FRONTENDS'],
    [statements.showBackends(), 'SHOW BACKENDS'],
    [statements.showComputeNodes(), 'SHOW COMPUTE NODES'],
    [statements.showProc('/statistic'), "SHOW PROC '/statistic'"],
    [statements.showBackup('sales'), 'SHOW BACKUP FROM `sales`'],
    [statements.showSnapshot({ repository: 'r' }), 'SHOW SNAPSHOT ON `r`'],
    [statements.showSnapshot({ repository: 'r', snapshot: 's' }), "SHOW SNAPSHOT ON `r` WHERE SNAPSHOT = 's'"],
    [statements.showRepositories(), 'SHOW REPOSITORIES'],
    [statements.showDatabases(), 'SHOW DATABASES'],
    [statements.showTables('sales'), 'SHOW TABLES FROM `sales`'],
    [statements.showRoutineLoads('a`b'), 'SHOW ROUTINE LOAD FROM `a``b`'],
    [statements.showUserProperties("o'brien"), "SHOW PROPERTY FOR 'o\\'brien'"],
    [statements.adminShowFrontendConfig('run_mode'), "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'"],
    [statements.versionComment(), 'SELECT @@version_comment AS version_comment'],
    [statements.replicaStatus(table), 'ADMIN SHOW REPLICA STATUS FROM `sales`.`orders`'],
    [statements.replicaDistribution(table), 'ADMIN SHOW REPLICA DISTRIBUTION FROM `sales`.`orders`'],
    [
      statements.showTableConfig({ database: "it's" }),
      "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ENGINE, TABLE_MODEL, PROPERTIES, TABLE_ID\nFROM information_schema.tables_config\nWHERE TABLE_SCHEMA = 'it\\'s'",
    ],
  ])('reads with $text', (statement, text) => {
    expect(statement).toMatchObject({ text, effect: 'read' });
  });

  it.each<[Statement, string]>([
    [statements.cancelBackup('sales'), 'CANCEL BACKUP FROM `sales`'],
    [statements.adminSetFrontendConfig('k', 'v'), "ADMIN SET FRONTEND CONFIG ('k' = 'v')"],
    [statements.createImage(), 'ALTER SYSTEM CREATE IMAGE'],
    [statements.killSession({ id: 7 }), 'KILL CONNECTION 7'],
    [statements.killSession({ id: 7, query: true }), 'KILL QUERY 7'],
    [
      statements.backUpDatabase({ database: 'sales', snapshot: 'nightly', repository: 'r', timeoutSeconds: 86_400 }),
      "BACKUP SNAPSHOT `sales`.`nightly`\nTO `r`\nPROPERTIES ('type' = 'full', 'timeout' = '86400')",
    ],
    [
      statements.backUpCatalogs({ catalogs: ['a', 'b`c'], snapshot: 's', repository: 'r', timeoutSeconds: 600 }),
      "BACKUP EXTERNAL CATALOGS (`a`, `b``c`)\nSNAPSHOT `s`\nTO `r`\nPROPERTIES ('type' = 'full', 'timeout' = '600')",
    ],
    [statements.cancelCatalogsBackup(), 'CANCEL BACKUP FOR EXTERNAL CATALOG'],
    [
      statements.backUpDatabase({
        ...table,
        snapshot: 's',
        repository: 'r',
        objects: [
          { name: 'a', partitions: null },
          { name: 'b`c', partitions: ['p1', 'p`2'] },
        ],
        timeoutSeconds: 600,
      }),
      "BACKUP SNAPSHOT `sales`.`s`\nTO `r`\nON (`a`, `b``c` PARTITION (`p1`, `p``2`))\nPROPERTIES ('type' = 'full', 'timeout' = '600')",
    ],
  ])('changes with $text', (statement, text) => {
    expect(statement).toMatchObject({ text, effect: 'change' });
  });

  it('never turn one statement into two, whatever the values are', () => {
    fc.assert(
      fc.property(
        anyText.filter((text) => text !== ''),
        (value) => {
          const hostile = [
            statements.showBackup(value),
            statements.showSnapshot({ repository: value, snapshot: value }),
            statements.adminSetFrontendConfig(value, value),
            statements.backUpDatabase({
              ...{ database: value, snapshot: value, repository: value },
              ...{ objects: [{ name: value, partitions: [value] }], timeoutSeconds: 600 },
            }),
            statements.backUpCatalogs({
              ...{ catalogs: [value], snapshot: value, repository: value, timeoutSeconds: 600 },
            }),
          ];
          for (const { text } of hostile) expect(outsideOfQuotes(text)).not.toMatch(/[;#\\\n\r]|--|\/\*/);
        },
      ),
    );
  });

  it('refuse a backup of no tables, which StarRocks would read as all', () => {
    const of = { database: 'd', snapshot: 's', repository: 'r', timeoutSeconds: 600 };
    expect(() => statements.backUpDatabase({ ...of, objects: [] })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
  });
});

/** Walks through a statement as a lexer does; gives what stands outside of quotes, without our own line breaks. */
function outsideOfQuotes(text: string): string {
  let outside = '';
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote === '') {
      if (char === "'" || char === '`') quote = char;
      else outside += char;
    } else if (quote === "'" && char === '\\') {
      at += 1;
    } else if (char === quote && text.charAt(at + 1) === quote) {
      at += 1;
    } else if (char === quote) {
      quote = '';
    }
  }
  expect(quote).toBe('');
  return outside.replaceAll(/\n(SNAPSHOT|TO|ON|PROPERTIES)/g, ' $1');
}
