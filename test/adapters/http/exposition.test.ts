import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition, readPage } from '../../../src/adapters/http/exposition.ts';
import { allFamilies, wantFamilies } from '../../../src/adapters/http/page-families.ts';
import { createPageReader } from '../../../src/adapters/http/page-reader.ts';

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
    expect(parseExposition(`m ${written}\n`)).toEqual([{ name: 'm', labels: {}, value }]);
  });

  it('reads lines of a server that ends them with CR LF', () => {
    expect(parseExposition('a 1\r\nb 2\r\n').map(({ name, value }) => [name, value])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('reads any label value as StarRocks prints it, which escapes nothing', () => {
    const value = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !/[\r\n]/.test(text) && !/",\s*\w+\s*=\s*"/.test(text));
    fc.assert(
      fc.property(value, value, (first, second) => {
        expect(parseExposition(`m{a="${first}",b="${second}"} 1\nn{db="${first}"} 2\n`)).toEqual([
          { name: 'm', labels: { a: first, b: second }, value: 1 },
          { name: 'n', labels: { db: first }, value: 2 },
        ]);
      }),
    );
  });

  it('prints and reads any number to the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseExposition(`m ${value}\n`)).toEqual([{ name: 'm', labels: {}, value: value === 0 ? 0 : value }]);
      }),
    );
  });

  it('counts a series once that stands there twice, whatever the order of its labels', () => {
    const page = 'm{a="1",b="2"} 3\nm{b="2", a="1"} 3\nm{a="1"} 1\nn NaN\nn NaN\n';
    expect(parseExposition(page)).toEqual([
      { name: 'm', labels: { a: '1', b: '2' }, value: 3 },
      { name: 'm', labels: { a: '1' }, value: 1 },
      { name: 'n', labels: {}, value: Number.NaN },
    ]);
  });

  it('knows no value of a series that has two, and names it', () => {
    const page = readPage(Buffer.from('m{a="1",b="2"} 0\nm{b="2", a="1"} 3\nm{a="1"} 1\nm{a="1",b="2"} 3\n'));
    expect(page.samples).toEqual([{ name: 'm', labels: { a: '1' }, value: 1 }]);
    expect(page.oddities).toEqual([{ kind: 'CONTRADICTORY', text: 'm{a="1", b="2"}' }]);
  });

  it('takes the larger value of a thread pool, which a frontend registers twice', () => {
    const page = 'starrocks_fe_thread_pool{name="p", type="t"} 0\nstarrocks_fe_thread_pool{name="p", type="t"} 3\n';
    expect(parseExposition(page).map(({ value }) => value)).toEqual([3]);
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
      expect(parseExposition(`before 1\n${line}\nafter 2\n`).map(({ name }) => name)).toEqual(['before', 'after']);
    },
  );

  it.each([`m${' '.repeat(200_000)}x y`, `m{${'a="'.repeat(70_000)}`, `m{a="${'\\\\'.repeat(100_000)} 1`])(
    'is not held up by a hostile line, which takes minutes if each place is looked at again for each place',
    (line) => {
      expect(parseExposition(`${line}\n`)).toEqual([]);
    },
  );

  it('reads a page of a hundred thousand lines without looking at any of them twice', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `starrocks_fe_table_rows{db="d", table="t${i}"} ${i}`);
    expect(parseExposition(`${lines.join('\n')}\n`).length).toBe(100_000);
  });

  it.each([
    ['a line of megabytes', `before 1\nm{a="${'x'.repeat(5_000_000)}"} 1\nafter 2\n`],
    ['NUL and bytes that are no UTF-8', Buffer.from('before 1\nm\0 \xff\n\xff\xfe 3\nafter 2\n', 'latin1')],
    ['HELP twice', '# HELP before a\n# HELP before b\nbefore 1\n# TYPE after gauge\nafter 2\n'],
    ['blanks at the beginning of lines', '  before 1\n\t\n \r\n  after 2 \r\n'],
  ])('reads the rest of a page with %s', (_what, page) => {
    expect(readPage(Buffer.from(page)).samples).toEqual([
      { name: 'before', labels: {}, value: 1 },
      { name: 'after', labels: {}, value: 2 },
    ]);
  });

  it('reads labels of bytes that are no UTF-8', () => {
    const page = readPage(Buffer.from('m{path="/d\xff"} 1\n', 'latin1'));
    expect(page.samples).toEqual([{ name: 'm', labels: { path: '/d\ufffd' }, value: 1 }]);
  });
});

describe('a page that comes in pieces', () => {
  const page = Buffer.from(
    'a 1\r\n# TYPE b gauge\nb{x="ü", y="2"} 1.5\nstarrocks_fe_connection_total{user="nl\nx"} 0\n# TYPE  node_info gauge\nnode_info{type="is_master"} 1\n',
  );
  const readPages = (bytes: Buffer) => readPieces([bytes]);
  const readPieces = (pieces: readonly Buffer[], isWhole = true) => {
    const reader = createPageReader(allFamilies());
    for (const piece of pieces) reader.push(piece);
    return reader.end({ isWhole });
  };

  it('says the same wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(page.length)), (places) => {
        const cuts = [0, ...places.toSorted((a, b) => a - b), page.length];
        expect(readPieces(cuts.slice(1).map((to, at) => page.subarray(cuts[at], to)))).toEqual(readPages(page));
      }),
    );
  });

  it('says nothing wrong if it ends early, and tells that it did', () => {
    const whole = readPages(page).samples;
    for (let length = 0; length < page.length; length += 1) {
      const half = readPieces([page.subarray(0, length)], false);
      expect(half.isCut).toBe(true);
      expect(whole).toEqual(expect.arrayContaining([...half.samples]));
    }
  });

  it('is cut if its last line has no end, whatever the server says', () => {
    const half = readPieces([Buffer.from('a 1\nb 12')]);
    expect(half).toMatchObject({ samples: [{ name: 'a' }], isCut: true, oddities: [{ kind: 'CUT', text: 'b 12' }] });
  });

  it('of many bytes one by one takes no more than its length allows', () => {
    const reader = createPageReader(allFamilies());
    const byte = Buffer.from('x');
    for (let sent = 0; sent < 300_000; sent += 1) reader.push(byte);
    expect(reader.end({ isWhole: true })).toMatchObject({ samples: [], isCut: true });
  });
});

describe('wanted families', () => {
  it('are exact names', () => {
    const page = Buffer.from('a 1\nab 2\na_sum 3\na_count{x="1"} 4\nA 5\n');
    const { samples, sampleLines } = readPage(page, wantFamilies(['a_sum', 'a']));
    expect(samples.map(({ value }) => value)).toEqual([1, 3]);
    expect(sampleLines).toBe(5);
  });

  it('pass lines by of which nobody wants the family, readable or not', () => {
    const page = Buffer.from('x{a="1"} 1\nx{a="2"} 1\nx{oops\nxy{a="1"} 7\na 1\n');
    expect(readPage(page, wantFamilies(['a', 'xy']))).toMatchObject({
      samples: [{ name: 'xy' }, { name: 'a' }],
      oddities: [],
      sampleLines: 5,
    });
  });

  it.each(['', 'a b', '1a', 'a{'])('cannot be called %j', (name) => {
    expect(() => wantFamilies([name])).toThrow(RangeError);
  });

  it('are found by any names', () => {
    const name = fc.stringMatching(/^[a-z_:][a-z0-9_:]{0,40}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.uniqueArray(name), (wanted, unwanted) => {
        const set = new Set(wanted);
        const lines = [...wanted, ...unwanted.filter((other) => !set.has(other))];
        const page = Buffer.from(lines.map((line) => `${line} 1\n`).join(''));
        expect(readPage(page, wantFamilies(wanted)).samples.map((sample) => sample.name)).toEqual(wanted);
      }),
    );
  });
});
