import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPage } from '../../../src/adapters/http/exposition.ts';
import { wantFamilies } from '../../../src/adapters/http/page-families.ts';

type User = readonly [name: string, connections: number];

const head = (databases: number) => `# HELP  jvm_thread jvm thread stat
# TYPE  jvm_thread gauge
jvm_thread{type="count"} 389
# HELP starrocks_fe_max_journal_id max journal id of this frontends
# TYPE starrocks_fe_max_journal_id gauge
starrocks_fe_max_journal_id 2750
# HELP starrocks_fe_database_num count of database
# TYPE starrocks_fe_database_num gauge
starrocks_fe_database_num ${databases}
# HELP starrocks_fe_connection_total total connection
# TYPE starrocks_fe_connection_total gauge
`;
const transactions = `# HELP starrocks_fe_txn_running number of running transactions
# TYPE starrocks_fe_txn_running gauge
starrocks_fe_txn_running{db="shop"} 3
starrocks_fe_txn_running{db="sales"} 7
`;
const tail = `# HELP starrocks_fe_brpc_pool_numactive brpc pool NumActive
# TYPE starrocks_fe_brpc_pool_numactive gauge
starrocks_fe_brpc_pool_numactive{name="pool3"} 0
# TYPE  node_info gauge
node_info{type="be_node_num", state="total"} 3
node_info{type="be_node_num", state="alive"} 2
`;

/** As a frontend prints it. */
function page(users: readonly User[], { databases = 6 } = {}): string {
  const lines = users.map(([name, value]) => `starrocks_fe_connection_total{user="${name}"} ${value}\n`);
  return `${head(databases)}${lines.join('')}${databases > 2 ? transactions : ''}${tail}`;
}

const read = (text: string) => readPage(Buffer.from(text));
const others = (text: string) => read(text).samples.filter(({ name }) => name !== 'starrocks_fe_connection_total');
const certain = (text: string) => others(text).filter(({ name }) => !name.includes('brpc'));
const connections = (text: string) =>
  read(text).samples.flatMap(({ name, labels, value }) =>
    name === 'starrocks_fe_connection_total' ? [[labels.user, value]] : [],
  );

/** Pieces of which an attacker would make a name. */
const pieces = [
  '"} 0\n',
  '"} 1.5\n',
  '"}',
  '"',
  '\n',
  '\r\n',
  ' ',
  '0',
  ' 9999999\n',
  'x',
  '\\',
  '# HELP starrocks_fe_txn_running number of running transactions\n',
  '# TYPE starrocks_fe_txn_running gauge\n',
  '# TYPE starrocks_fe_txn_running gauge',
  'starrocks_fe_txn_running{db="sales"} 900\n',
  'starrocks_fe_txn_running{db="x',
  '# TYPE  node_info gauge\n',
  'node_info{type="be_node_num", state="alive"} 0\n',
  'node_info{type="is_master',
  'starrocks_fe_max_journal_id 9999999\n',
  'starrocks_fe_max_journal_id{a="',
  'starrocks_fe_database_num 90\n',
  'jvm_thread{type="count"} 1\n',
  'starrocks_be_process_mem_bytes 1\n',
  'starrocks_fe_foo{user="root"} 5\n',
  'starrocks_fe_connection_total{user="',
  'starrocks_fe_connection_total{user="root"} 77\n',
  '# HELP starrocks_fe_brpc_pool_numactive brpc pool NumActive\n',
];
const hostileName = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')),
  )
  .map((name) => name.replaceAll('\0', ''));

describe('names of users as they were typed at the MySQL port', () => {
  it('never change what a page says about other families, whatever they are and wherever they stand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(hostileName, fc.constantFrom(0, 1, 12)), { maxLength: 5 }),
        fc.constantFrom(1, 2, 3, 6),
        (users, databases) => {
          const honest: User[] = [['root', 2]];
          expect(certain(page([...users, ...honest], { databases }))).toEqual(certain(page(honest, { databases })));
          expect(certain(page([...honest, ...users], { databases }))).toEqual(certain(page(honest, { databases })));
        },
      ),
      {
        numRuns: 400,
        examples: [[[['"} 0\n# TYPE  node_info gauge\n# TYPE starrocks_fe_txn_running gauge', 0]], 3]],
      },
    );
  });

  it('change nothing for somebody who wants few families, and add none', () => {
    const wanted = wantFamilies(['starrocks_fe_max_journal_id', 'starrocks_be_process_mem_bytes', 'node_info']);
    const of = (users: readonly User[]) => readPage(Buffer.from(page(users)), wanted).samples;
    fc.assert(
      fc.property(fc.array(hostileName, { maxLength: 4 }), (names) => {
        expect(of([['root', 1], ...names.map((name): User => [name, 0])])).toEqual(of([['root', 1]]));
      }),
      { numRuns: 200 },
    );
  });

  it('are read as they were typed when no line break is in them', () => {
    const oneLine = fc.string({ unit: 'grapheme' }).filter((name) => !/[\n\r\0]/.test(name) && name.length <= 200);
    fc.assert(
      fc.property(oneLine, fc.nat(), (name, value) => {
        const { impossibleUsers, samples } = read(page([[name, value]]));
        const told = [
          ...impossibleUsers.map((user) => [user.name, user.connections]),
          ...samples.filter(({ labels }) => labels.user !== undefined).map((user) => [user.labels.user, user.value]),
        ];
        expect(told).toContainEqual([name, value]);
      }),
    );
  });

  it.each([
    [
      'stands among others',
      [
        ['a', 1],
        ['x"} 0\nstarrocks_fe_max_journal_id 9999999\ny', 0],
        ['b', 2],
      ],
    ],
    [
      'stands last',
      [
        ['a', 1],
        ['b', 2],
        ['x"} 0\nstarrocks_fe_max_journal_id 9999999\ny', 0],
      ],
    ],
    [
      'brings comments along',
      [
        ['a', 1],
        ['b', 2],
        [`x"} 0\n${transactions}y`, 0],
      ],
    ],
    [
      'ends like a line of the page',
      [
        ['a', 1],
        ['b', 2],
        [`x"} 0\n${transactions}starrocks_fe_txn_running{db="nope`, 0],
      ],
    ],
  ] satisfies [string, User[]][])('that hold whole lines are told as one name: one that %s', (_where, users) => {
    const result = read(page(users));
    expect(result.impossibleUsers).toEqual([
      { name: users.find(([name]) => name.startsWith('x'))?.[0].slice(0, 200), connections: 0, isHostile: true },
    ]);
    expect(connections(page(users))).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(result.oddities.every(({ kind }) => kind === 'PART_OF_A_NAME')).toBe(true);
  });

  it('tell which lines of wanted families were left out', () => {
    const users: User[] = [
      ['x"} 0\nstarrocks_fe_txn_running{db="sales"} 9\ny', 0],
      ['b', 2],
    ];
    expect(read(page(users)).oddities).toEqual([
      { kind: 'PART_OF_A_NAME', text: 'starrocks_fe_txn_running{db="sales"} 9' },
    ]);
  });

  it('leave a user without a value who has two', () => {
    const users: User[] = [
      ['root', 3],
      ['x"} 0\nstarrocks_fe_connection_total{user="root"} 900\nstarrocks_fe_connection_total{user="y', 0],
      ['b', 2],
    ];
    expect(connections(page(users))).toEqual([
      ['x', 0],
      ['y', 0],
      ['b', 2],
    ]);
    expect(read(page(users)).oddities).toEqual([
      { kind: 'CONTRADICTORY', text: 'starrocks_fe_connection_total{user="root"}' },
    ]);
  });

  it('leave nothing after the users certain on a page that ends too early', () => {
    const text = page([['root', 1]]);
    const cut = text.slice(0, text.indexOf('state="alive"'));
    expect(others(cut).map(({ name }) => name)).toEqual(others(head(6)).map(({ name }) => name));
  });

  it('are kept up to a thousand, those with connections first', () => {
    const idle = Array.from({ length: 3_000 }, (_, i): User => [`idle${i}`, 0]);
    const busy = Array.from({ length: 900 }, (_, i): User => [`busy${i}`, 1]);
    const kept = connections(page([...idle, ...busy]));
    expect(kept.length).toBe(1_000);
    expect(kept.filter(([, value]) => value === 1).length).toBe(900);
  });

  it('may be of megabytes, and any number', () => {
    const long: User[] = [
      ['x'.repeat(3_000_000), 0],
      [`y"} 0\n${'# a\n'.repeat(200_000)}`, 0],
      ['b', 2],
    ];
    expect(certain(page(long))).toEqual(certain(page([['b', 2]])));
    expect(read(page(long)).impossibleUserCount).toBe(2);
    const many = Array.from({ length: 20_000 }, (_, i): User => [`"${i}`, 0]);
    expect(read(page(many))).toMatchObject({ impossibleUserCount: 20_000, impossibleUsers: { length: 20 } });
  });
});

describe('families that come after the users', () => {
  it('count although nobody is logged in by a strange name', () => {
    expect(others(page([['root', 1]]))).toContainEqual({
      name: 'starrocks_fe_txn_running',
      labels: { db: 'sales' },
      value: 7,
    });
  });

  it('do not count where the page may lack them, and say so to who wants them', () => {
    const wanted = wantFamilies(['starrocks_fe_brpc_pool_numactive']);
    expect(readPage(Buffer.from(page([['root', 1]])), wanted)).toMatchObject({
      samples: [],
      oddities: [{ kind: 'NOT_CERTAIN', text: 'starrocks_fe_brpc_pool_numactive{name="pool3"} 0' }],
    });
  });
});
