import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  isSameRelease,
  lineOf,
  parseVersion,
  releaseNameOf,
  type Version,
} from '../../src/domain/version.ts';

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed === null) throw new Error(`${text} is not a version`);
  return parsed;
}

/** Oldest first; no two of them are the same release. */
const ascending = [
  '2.5.3',
  '2.5.21',
  '3.0.0',
  '3.2.9',
  '3.2.16',
  '3.3.0-rc01',
  '3.3.0',
  '3.3.15',
  '3.3.15-ee1',
  '3.3.15-ee9',
  '3.3.15-ee10',
  '3.3.15-ee10.1',
  '3.4.0-alpha',
  '3.4.0-preview',
  '3.4.0-beta2',
  '3.4.0-rc',
  '3.4.0-rc01',
  '3.4.0-RC2',
  '3.4.0-rc10',
  '3.4.0',
  '3.9.1',
  '3.10.0',
  '4.0.0-preview',
  '4.0.0',
  '10.0.0',
];

describe('the order of versions', () => {
  it('is the order of releases, whichever two are compared', () => {
    for (const [left, a] of ascending.entries()) {
      for (const [right, b] of ascending.entries()) {
        const found = Math.sign(compareVersions(version(a), version(b)));
        expect(found, `${a} against ${b}`).toBe(Math.sign(left - right));
      }
    }
  });

  it('sorts a shuffled list back', () => {
    const shuffled = [
      ...ascending.filter((_, index) => index % 3 === 1),
      ...ascending.filter((_, index) => index % 3 !== 1).toReversed(),
    ];
    expect(shuffled).not.toEqual(ascending);
    expect(shuffled.toSorted((a, b) => compareVersions(version(a), version(b)))).toEqual(ascending);
  });

  it('does not look at commits', () => {
    for (const text of ascending) {
      expect(compareVersions(version(text), version(`${text}-48f4d81`)), text).toBe(0);
      expect(isSameRelease(`${text}-48f4d81`, `${text}-0123456789abcdef0123456789abcdef01234567`), text).toBe(true);
    }
  });
});

describe('the name of a release', () => {
  it('reads as the same release again, and is then its own name', () => {
    for (const text of ascending) {
      const name = releaseNameOf(version(`${text}-48f4d81`));
      expect(isSameRelease(name, text), text).toBe(true);
      expect(releaseNameOf(version(name))).toBe(name);
    }
  });

  it.each([
    ['3.5.0-48f4d81', '3.5.0'],
    ['3.4.0-RC1', '3.4.0-rc01'],
    ['3.4.0-rc01-35b71e0', '3.4.0-rc01'],
    ['4.0.0-preview', '4.0.0-preview'],
    ['3.3.15-EE1-6c9a3f1', '3.3.15-ee1'],
    ['3.3.8-1.92', '3.3.8-1.92'],
  ])('of %s is %s', (text, name) => {
    expect(releaseNameOf(version(text))).toBe(name);
  });
});

describe('reading a version', () => {
  it('answers for any text, and what it reads has a name that is read the same', () => {
    const number = fc.integer({ min: -1, max: 100_000 });
    const suffix = fc.constantFrom('', '-rc1', '-RC', '-48f4d81', '-ABCDEF0', '-ee1', '-EE.1', '-dev', '-..', '-rc1.x');
    const versionLike = fc
      .tuple(number, number, number, fc.array(suffix, { maxLength: 3 }))
      .map(([major, minor, patch, suffixes]) => `${major}.${minor}.${patch}${suffixes.join('')}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), versionLike), (text) => {
        const found = parseVersion(text);
        if (found === null) return true;
        const name = releaseNameOf(found);
        return /^[0-9a-z.-]+$/.test(name) && isSameRelease(name, text) && releaseNameOf(version(name)) === name;
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells a commit from a candidate and from a vendor’s build', () => {
    expect(version('3.5.0-48f4d81')).toMatchObject({ prerelease: null, build: null, commit: '48f4d81' });
    expect(version('3.4.0-rc01')).toMatchObject({ prerelease: { kind: 'rc', number: 1 }, build: null, commit: null });
    expect(version('3.3.15-ee1')).toMatchObject({ prerelease: null, build: 'ee1', commit: null });
    expect(lineOf(version('3.10.2'))).toBe('3.10');
  });

  it.each([
    'MAIN-RELEASE-d094052',
    '',
    ' ',
    '3',
    '3.5',
    '3..5',
    ' 3.5.0 ',
    '3.5.0\n',
    '3.5.0 ',
    'v3.5.0',
    '3.5.0.1',
    '03.5.0',
    '3.05.0',
    '-3.5.0',
    '3.5.-1',
    '3.5.0-',
    '3.5.0--rc1',
    '3.5.0-rc1;reboot',
    '3.5.0/../../etc',
    '3.5.0-$(id)',
    '3.5.0-..',
    '3.5.0-48f4d81-a2f40c9',
    '3.5.0-ee..1',
    '٣.٥.٠',
    '3.5.0-é',
    '1e3.0.0',
    '0x3.5.0',
    `3.5.${'9'.repeat(20)}`,
    `3.5.0-${'a'.repeat(100)}`,
    `${'1'.repeat(50_000)}.0.0`,
    `3.5.0${'-a'.repeat(50_000)}`,
  ])('finds none in %j', (text) => {
    expect(parseVersion(text)).toBeNull();
  });

  it('takes text without a version for the same release only when it is the same text', () => {
    expect(isSameRelease('MAIN-RELEASE-d094052', 'MAIN-RELEASE-d094052')).toBe(true);
    expect(isSameRelease('MAIN-RELEASE-d094052', '3.5.0')).toBe(false);
    expect(isSameRelease('3.5.0', '3.5.1')).toBe(false);
  });
});
