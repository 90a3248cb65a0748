import { describe, expect, it } from 'vitest';
import { SqlError } from '../../../sandbox/starrocks/sql/errors.ts';
import { parseScript } from '../../../sandbox/starrocks/sql/parse.ts';

const dialect = { newBackupClauses: true };
const parse = (text: string) => parseScript(text, dialect).map(({ statement }) => statement);
const kinds = (text: string) => parse(text).map(({ kind }) => kind);

function refusal(text: string, newBackupClauses = true): string {
  try {
    parseScript(text, { newBackupClauses });
  } catch (error) {
    if (error instanceof SqlError) return error.message;
  }
  throw new Error(`was parsed: ${text}`);
}

describe('the SQL of the stand-in', () => {
  it('cuts a text into statements at the semicolons outside of quotes and comments', () => {
    expect(kinds("SELECT ';' /* ; */; -- ;\n USE `a;b`;")).toEqual(['select', 'use']);
  });

  it('reads quotes, escapes and backticks as the real lexer does', () => {
    const [statement] = parse(`SELECT 'it''s', "a\\"b", 'back\\\\slash'`);
    const values = statement?.kind === 'select' ? statement.items.map(({ expression }) => expression) : [];
    expect(values).toEqual(["it's", 'a"b', 'back\\slash'].map((value) => ({ kind: 'literal', value })));
  });

  it.each([
    ['ALTER SYSTEM ADD FOLLOWER "a:9010", "b:9010"'],
    ['ALTER SYSTEM DECOMMISSION COMPUTE NODE "a:9050"'],
    ['ALTER SYSTEM DROP COMPUTE NODE "a:9050" FORCE'],
    ['ALTER SYSTEM TRANSFER LEADER TO "a:9010"'],
    ['ALTER SYSTEM CANCEL DECOMMISSION BACKEND "a:9050"'],
    ["BACKUP SNAPSHOT shop.s TO '/path'"],
    ['CREATE REPOSITORY a-b WITH BROKER ON LOCATION "s3://b"'],
    ['ADMIN CLEAN TRASH'],
    ['SELECT 1 FROM'],
    ["SELECT 'open"],
    ['SHOW'],
    [''],
    ['DROP DATABASE table'],
  ])('refuses %s with the syntax error of the grammar', (text) => {
    expect(refusal(text)).toMatch(/^Getting syntax error at line \d+, column \d+\. Detail message: Unexpected input /);
  });

  it('knows the clauses of 3.4 only in 3.4', () => {
    const text = 'BACKUP DATABASE shop SNAPSHOT s TO repo ON (ALL TABLES)';
    expect(kinds(text)).toEqual(['backup']);
    expect(refusal(text, false)).toContain("Unexpected input 'DATABASE'");
  });

  it('refuses a database that is named twice, and does not say where', () => {
    expect(refusal('BACKUP DATABASE shop SNAPSHOT shop.s TO repo')).toMatch(
      /^Getting syntax error\. Detail message: Specifying dbName before snapshot name is forbidden/,
    );
  });

  it('says where a mistake is', () => {
    expect(refusal('SELECT 1;\n  DELET FROM t')).toContain(
      "at line 2, column 2. Detail message: Unexpected input 'DELET'",
    );
  });

  it('survives any text without anything but a syntax error', () => {
    const pieces = [
      'SELECT',
      '(',
      ')',
      "'",
      '`',
      'ALTER SYSTEM',
      ',',
      '"a:1"',
      '@@x',
      '@',
      '1e',
      '\\',
      ';',
      '/*',
      '?',
      'é',
      '\0',
    ];
    let seed = 7;
    const draw = () => {
      seed = (seed * 48271) % 2147483647;
      return pieces[seed % pieces.length];
    };
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: 1 + (round % 9) }, draw).join(round % 2 ? ' ' : '');
      try {
        parse(text);
      } catch (error) {
        expect(error, text).toBeInstanceOf(SqlError);
      }
    }
  });
});
