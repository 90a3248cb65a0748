import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition } from '../../../src/adapters/http/exposition.ts';

describe('parseExposition', () => {
  it('reads what a frontend writes', () => {
    const text = [
      '# HELP  jvm_heap_size_bytes jvm heap stat',
      '# TYPE  jvm_heap_size_bytes gauge',
      'jvm_heap_size_bytes{type="max"} 8589934592',
      '# HELP starrocks_fe_tablet_num tablet number',
      'starrocks_fe_tablet_num{is_leader="true", backend="10.0.0.11:9050"} 30',
      'starrocks_fe_query_total 4211',
      'starrocks_fe_query_latency_ms{quantile="0.75"} 12.0',
      '# TYPE  node_info gauge',
      'node_info{type="be_node_num", state="alive"} 3',
      '',
    ].join('\n');
    expect(parseExposition(text)).toEqual([
      { name: 'jvm_heap_size_bytes', labels: { type: 'max' }, value: 8_589_934_592 },
      { name: 'starrocks_fe_tablet_num', labels: { is_leader: 'true', backend: '10.0.0.11:9050' }, value: 30 },
      { name: 'starrocks_fe_query_total', labels: {}, value: 4_211 },
      { name: 'starrocks_fe_query_latency_ms', labels: { quantile: '0.75' }, value: 12 },
      { name: 'node_info', labels: { type: 'be_node_num', state: 'alive' }, value: 3 },
    ]);
  });

  it.each([
    ['NaN', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['1.5E-3', 0.0015],
    ['-0.5', -0.5],
    ['7 1718445600000', 7],
  ])('reads the value %s', (written, value) => {
    expect(parseExposition(`m ${written}`)).toEqual([{ name: 'm', labels: {}, value }]);
  });

  it('reads lines of a server that ends them with CR LF', () => {
    expect(parseExposition('a 1\r\nb 2\r\n').map(({ name, value }) => [name, value])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('reads any label value that is escaped as the format says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        fc.pre(!value.includes('\r'));
        const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
        expect(parseExposition(`m{a="${escaped}",b="x"} 1`)).toEqual([
          { name: 'm', labels: { a: value, b: 'x' }, value: 1 },
        ]);
      }),
    );
  });

  it('counts a series once that stands there twice, whatever the order of its labels', () => {
    const page = 'm{a="1",b="2"} 0\nm{b="2", a="1"} 3\nm{a="1"} 1\nn 5\nn 5\nn NaN';
    expect(parseExposition(page)).toEqual([
      { name: 'm', labels: { b: '2', a: '1' }, value: 3 },
      { name: 'm', labels: { a: '1' }, value: 1 },
      { name: 'n', labels: {}, value: 5 },
    ]);
  });

  it.each(['a"b', 'a\nb', 'a\r\nb', 'a}b', 'a"}', '{', 'a", x="b', '"} 1 {"', '\\', '\n', '数据\u0000'])(
    'reads the rest of a page in which a user of a failed login is called %j',
    (user) => {
      const page = `before 1\nlogins_failed{user="${user}"} 4\nafter{a="b"} 2\n`;
      expect(parseExposition(page).filter(({ name }) => name !== 'logins_failed')).toEqual([
        { name: 'before', labels: {}, value: 1 },
        { name: 'after', labels: { a: 'b' }, value: 2 },
      ]);
    },
  );

  it.each(['m', 'm{a="1" 2', 'm{a=1} 2', 'm{a="1"} two', '<html>', 'm{} 0x10'])(
    'leaves out the line %j alone',
    (line) => {
      expect(parseExposition(`before 1\n${line}\nafter 2`).map(({ name }) => name)).toEqual(['before', 'after']);
    },
  );

  it.each([`m${' '.repeat(200_000)}x y`, `m{${'a="'.repeat(70_000)}`, `m{a="${'\\\\'.repeat(100_000)} 1`])(
    'is not held up by a hostile line, which takes minutes if each place is looked at again for each place',
    (line) => {
      expect(parseExposition(line)).toEqual([]);
    },
  );

  it('reads a page of a hundred thousand lines without looking at any of them twice', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `starrocks_fe_table_rows{db="d", table="t${i}"} ${i}`);
    expect(parseExposition(lines.join('\n')).length).toBe(100_000);
  });
});
