import { describe, expect, it } from 'vitest';
import { archiveFactsOf, type Member, readMembers } from '../../../src/domain/upgrade/checks-archive.ts';

const whole = [
  'fe/bin/start_fe.sh',
  'fe/lib/starrocks-fe.jar',
  'be/bin/start_be.sh',
  'be/lib/starrocks_be',
  'fe/conf/fe.conf',
];

const file = (name: string): Member => ({ name, type: name.endsWith('/') ? 'directory' : 'file', target: null });
const files = (...names: string[]) => names.map(file);
const inside = (top: string) => files(top, ...whole.map((name) => `${top}${name}`));
const read = (members: readonly Member[]) => readMembers(members, '3.5.0');

describe('the members of an archive', () => {
  it.each(['StarRocks-3.5.0/', './StarRocks-3.5.0-ubuntu-amd64/', 'starrocks-3.5.0-rc01/', 'anything/'])(
    'may lie in %s',
    (top) => {
      expect(read(inside(top))).toEqual({ parts: ['FRONTEND', 'BACKEND'], problems: [] });
    },
  );

  it('make a part only with what its node cannot start without', () => {
    expect(read(files('s/fe/bin/start_fe.sh', 's/be/bin/x', 's/be/lib/x')).parts).toEqual(['BACKEND']);
    expect(read(files('s/readme/bin', 's/fe.txt')).parts).toEqual([]);
  });

  it.each(['/etc/passwd', 's/../../etc/passwd', '../x', 's/fe/bin/..'])('may not lead out: %j', (name) => {
    expect(read([...inside('s/'), file(name)]).problems).toContainEqual(
      expect.stringContaining('leads out of its directory'),
    );
  });

  it.each([
    ['nothing around them', files(...whole), 'it has fe and be on top, without one directory around them'],
    ['only fe without one', files('fe/bin/start_fe.sh', 'fe/lib/x'), 'it has fe on top, without one directory around'],
    ['nothing at all', [], 'it is empty'],
    ['two directories', [...inside('s/'), file('t/x')], 'it has 2 directories on top, not one'],
    ['files of macOS on top', [file('._s'), ...inside('s/')], 'it holds "._s", a file of macOS'],
    [
      'files of macOS within',
      [...inside('s/'), file('s/fe/lib/._x.jar')],
      'it holds "s/fe/lib/._x.jar", a file of macOS',
    ],
    [
      'another archive',
      files('s/', 's/StarRocks-3.5.0.tar.gz'),
      'it holds another archive, "s/StarRocks-3.5.0.tar.gz"',
    ],
    ['another archive on top', files('StarRocks-3.5.0.tar'), 'it holds another archive, "StarRocks-3.5.0.tar"'],
    ['another version', inside('StarRocks-3.4.6/'), 'it is of another version'],
    [
      'a device',
      [...inside('s/'), { name: 's/fe/lib/null', type: 'other', target: null } as const],
      'it holds "s/fe/lib/null", which is no file, directory or link',
    ],
  ])('are told to be wrong with %s', (_what, members, problem) => {
    const expected = problem === 'it is of another version' ? 'which is another version than 3.5.0' : problem;
    expect(read(members).problems).toEqual([expect.stringContaining(expected)]);
  });

  it.each([
    ['symlink', 's/fe/lib/a', '/etc/passwd'],
    ['symlink', 's/fe/lib/a', '../../../x'],
    ['symlink', 's/fe/lib/a', '../../be/lib/starrocks_be'],
    ['symlink', 's/fe/lib/a', '../../fe/bin/start_fe.sh'],
    ['symlink', 's/fe', '../elsewhere'],
    ['hardlink', 's/fe/lib/a', 's/be/lib/starrocks_be'],
    ['hardlink', 's/be/lib/a', '../x'],
  ] as const)('may not link out of the directory of a node: %s %s to %s', (type, name, target) => {
    expect(read([...inside('s/'), { name, type, target }]).problems).toEqual([
      expect.stringContaining('which leads out of the directory of its node'),
    ]);
  });

  it.each([
    ['symlink', 's/be/lib/libhdfs.so', 'libhdfs.so.0.0.0'],
    ['symlink', './s/be/lib/a', '../bin/./start_be.sh'],
    ['hardlink', 's/be/lib/b', 's/be/lib/starrocks_be'],
    // not unpacked for any node
    ['symlink', 's/apache_hdfs_broker/lib/a', '/usr/lib/a'],
  ] as const)('may link within: %s %s to %s', (type, name, target) => {
    expect(read([...inside('s/'), { name, type, target }]).problems).toEqual([]);
  });

  it('are not taken for an escape because of dots in a name', () => {
    expect(read([...inside('s/'), ...files('s/fe/lib/a..b.jar', 's/...')]).problems).toEqual([]);
  });
});

describe('an archive that was read', () => {
  const sum = { sizeBytes: 5, sha256: 'a'.repeat(64) };
  it('is known by what is in it, or by why it could not be read', () => {
    expect(archiveFactsOf({ ...sum, members: inside('s/'), unreadable: null }, '3.5.0')).toEqual({
      ...sum,
      parts: ['FRONTEND', 'BACKEND'],
      problems: [],
    });
    expect(archiveFactsOf({ ...sum, members: [], unreadable: 'it is compressed with xz' }, '3.5.0')).toEqual({
      ...sum,
      parts: null,
      problems: ['it is compressed with xz'],
    });
  });
});
