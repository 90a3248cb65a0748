import { describe, expect, it } from 'vitest';
import { confChanges, optionsJdk17Refuses } from '../../../src/domain/upgrade/conf-change-rules.ts';
import { affectedKeys } from '../../../src/domain/upgrade/conf-changes.ts';

const fe = (from: string, to: string, confText: string) => affectedKeys({ kind: 'FRONTEND', from, to, confText });
const be = (from: string, to: string, confText: string) => affectedKeys({ kind: 'BACKEND', from, to, confText });
const cn = (from: string, to: string, confText: string) => affectedKeys({ kind: 'COMPUTE_NODE', from, to, confText });
const opened = 'JAVA_OPTS="--add-opens=java.base/java.util=ALL-UNNAMED"\n';

describe('an upgrade', () => {
  it('finds the keys that the new version does not read, with their line', () => {
    const conf = '# cluster_id = 1\nhttp_port = 8030\n\n  cluster_id=7\nmysql_service_nio_enabled = false\n';
    expect(fe('3.2.16', '3.3.15', conf)).toMatchObject([{ key: 'cluster_id', line: 4 }]);
    expect(fe('3.3.15', '3.4.6', conf)).toMatchObject([{ key: 'mysql_service_nio_enabled', line: 5 }]);
    expect(fe('3.2.16-8dea52d', '3.4.6', conf).map(({ key }) => key)).toEqual([
      'cluster_id',
      'mysql_service_nio_enabled',
    ]);
  });

  it('between patches of one line touches no key', () => {
    expect(fe('3.3.2', '3.3.15', 'cluster_id = 7\n')).toEqual([]);
  });

  it('says of a renamed key whether its old name still works', () => {
    const [still] = fe('3.2.16', '3.3.15', 'ignore_unknown_log_id = true');
    expect(still?.what).toContain('metadata_ignore_unknown_operation_type');
    expect(still?.what).toContain('still understood');
    const [gone] = fe('3.2.16', '3.3.15', 'experimental_enable_fast_schema_evolution_in_shared_data = true');
    expect(gone?.what).toContain('not understood any more');
    expect(gone?.hint).toContain('enable_fast_schema_evolution_in_share_data_mode');
  });

  it('reads be.conf and cn.conf by the rules of backends, and fe.conf by those of frontends', () => {
    const conf = 'datacache_disk_path = /data/cache\nmysql_service_nio_enabled = true\n';
    expect(be('3.3.15', '3.4.6', conf)).toMatchObject([{ key: 'datacache_disk_path', line: 1 }]);
    expect(cn('3.3.15', '3.4.6', conf)).toMatchObject([{ key: 'datacache_disk_path', line: 1 }]);
    expect(fe('3.3.15', '3.4.6', conf)).toMatchObject([{ key: 'mysql_service_nio_enabled', line: 2 }]);
  });

  it('to 3.5 finds options that JDK 17 refuses, in the key that its start script uses', () => {
    const old = 'JAVA_OPTS="-Xmx8g -XX:+PrintGCDateStamps -XX:+PrintGCDetails -XX:CMSInitiatingOccupancyFraction=80"';
    expect(fe('3.4.10', '3.5.2', old)).toMatchObject([
      { key: 'JAVA_OPTS', line: 1, what: expect.stringContaining('CMSInitiatingOccupancyFraction, PrintGCDateStamps') },
    ]);
    const newer = `${old}\nJAVA_OPTS_FOR_JDK_11="-Xmx8g"`;
    expect(fe('3.4.10', '3.5.2', newer)).toMatchObject([
      { key: 'JAVA_OPTS_FOR_JDK_11', line: 2, what: expect.stringContaining('still understood') },
    ]);
    expect(fe('3.4.10', '3.5.2', 'JAVA_OPTS="-Xmx8g -XX:+UseG1GC -XX:+PrintGCDetails"')).toEqual([]);
    expect(fe('3.5.2', '4.0.6', old)).toEqual([]);
  });

  it('to 3.5 asks backends for the option that external catalogs need', () => {
    const missing = { key: 'JAVA_OPTS', what: expect.stringContaining('--add-opens=java.base/java.util=ALL-UNNAMED') };
    expect(be('3.4.10', '3.5.2', 'be_port = 9060')).toMatchObject([{ ...missing, line: null }]);
    expect(be('3.4.10', '3.5.2', 'JAVA_OPTS="-Xmx1g"')).toMatchObject([{ ...missing, line: 1 }]);
    expect(be('3.4.10', '3.5.2', opened)).toEqual([]);
    expect(be('3.5.2', '4.0.6', '')).toEqual([]);
  });
});

describe('a downgrade', () => {
  it('advises a frontend to pass over unknown entries of the journal, unless it does already', () => {
    expect(fe('3.5.2', '3.4.10', 'http_port = 8030')).toMatchObject([{ key: 'ignore_unknown_log_id', line: null }]);
    expect(fe('3.5.2', '3.4.10', 'ignore_unknown_log_id = false')).toMatchObject([{ line: 1 }]);
    expect(fe('3.5.2', '3.4.10', 'ignore_unknown_log_id = TRUE')).toEqual([]);
    expect(fe('3.5.2', '3.4.10', 'metadata_ignore_unknown_operation_type = true')).toEqual([]);
    expect(fe('3.5.2', '3.5.1', '')).toEqual([]);
    expect(be('3.5.2', '3.4.10', '')).toEqual([]);
  });

  it('finds names that the older version does not know', () => {
    expect(fe('3.3.15', '3.2.16', 'metadata_ignore_unknown_operation_type = true')).toMatchObject([
      {
        key: 'metadata_ignore_unknown_operation_type',
        line: 1,
        hint: expect.stringContaining('ignore_unknown_log_id'),
      },
      { key: 'ignore_unknown_log_id', line: null },
    ]);
    expect(be('3.5.2', '3.4.10', opened)).toEqual([]);
  });
});

describe('reading a configuration file', () => {
  it('never repeats a value', () => {
    const secret = 'hunter2-secret';
    const conf = confChanges.map(({ key }) => `${key} = ${secret}`).join('\n');
    for (const kind of ['FRONTEND', 'BACKEND'] as const) {
      for (const [from, to] of [
        ['3.1.17', '4.0.6'],
        ['4.0.6', '3.1.17'],
      ] as const) {
        expect(JSON.stringify(affectedKeys({ kind, from, to, confText: conf }))).not.toContain(secret);
      }
    }
  });

  it.each([
    '',
    '\r\n\r\n',
    '====',
    '= 1',
    'no equals sign',
    '\u0000\u0001=\u0002',
    'cluster_id',
    '#cluster_id=1',
    '__proto__=1\nconstructor=2',
    'JAVA_OPTS=',
    'x'.repeat(1_000_000),
    'a=b\n'.repeat(100_000),
  ])('finds nothing in %j', (confText) => {
    expect(fe('3.2.16', '3.5.2', confText)).toEqual([]);
  });

  it('understands lines that end as on Windows', () => {
    expect(fe('3.5.2', '3.4.10', 'ignore_unknown_log_id = true\r\n')).toEqual([]);
    expect(fe('3.2.16', '3.3.15', 'http_port=1\r\ncluster_id = 1\r\n')).toMatchObject([{ line: 2 }]);
  });

  it('has nothing to say about versions that cannot be compared', () => {
    expect(fe('MAIN-RELEASE-d094052', '3.5.0', 'cluster_id = 1')).toEqual([]);
  });
});

describe('the table of keys', () => {
  it('finds each of its keys in the step to the line that changed it, and in no other', () => {
    const releases = ['3.1.17', '3.2.16', '3.3.15', '3.4.10', '3.5.2', '4.0.6'];
    for (const { part, key, since } of confChanges) {
      for (const [index, to] of releases.entries()) {
        const from = releases[index - 1];
        if (from === undefined) continue;
        const found = affectedKeys({ kind: part, from, to, confText: `${key} = ${opened.slice(10)}` });
        expect(
          found.some((affected) => affected.key === key && affected.line === 1),
          `${key} to ${to}`,
        ).toBe(to.startsWith(`${since}.`));
      }
    }
    expect(new Set(confChanges.map(({ part, key }) => `${part} ${key}`)).size).toBe(confChanges.length);
    expect(optionsJdk17Refuses.length).toBeGreaterThan(20);
  });
});
