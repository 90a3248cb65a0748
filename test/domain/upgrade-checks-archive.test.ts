import { describe, expect, it } from 'vitest';
import { readMembers } from '../../src/domain/upgrade-checks-archive.ts';

const whole = [
  'fe/bin/start_fe.sh',
  'fe/lib/starrocks-fe.jar',
  'be/bin/start_be.sh',
  'be/lib/starrocks_be',
  'fe/conf/fe.conf',
];

describe('the members of an archive', () => {
  it.each(['StarRocks-3.5.0/', './StarRocks-3.5.0-ubuntu-amd64/', 'anything/'])('may lie in %s', (top) => {
    const members = [top, ...whole.map((name) => `${top}${name}`)];
    expect(readMembers(members)).toEqual({ parts: ['FRONTEND', 'BACKEND'], problems: [] });
  });

  it('make a part only with what its node cannot start without', () => {
    expect(readMembers(['s/fe/bin/start_fe.sh', 's/be/bin/x', 's/be/lib/x']).parts).toEqual(['BACKEND']);
    expect(readMembers(['s/readme/bin', 's/fe.txt']).parts).toEqual([]);
  });

  it.each(['/etc/passwd', 's/../../etc/passwd', '../x', 's/fe/bin/..'])('may not lead out: %j', (name) => {
    expect(readMembers([...whole.map((each) => `s/${each}`), name]).problems).toContainEqual(
      expect.stringContaining('leads out of its directory'),
    );
  });

  it('may not lie about: one directory holds them all', () => {
    expect(readMembers(whole).problems).toEqual(['it has 2 directories on top, not one']);
    expect(readMembers([]).problems).toEqual(['it has 0 directories on top, not one']);
  });

  it('are not taken for an escape because of dots in a name', () => {
    expect(readMembers([...whole.map((each) => `s/${each}`), 's/fe/lib/a..b.jar', 's/...']).problems).toEqual([]);
  });
});
