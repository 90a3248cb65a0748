import { describe, expect, it } from 'vitest';
import { judgePath, judgePaths, minimumJdkOf, type PathJudgement } from '../../../src/domain/upgrade/path.ts';
import { knownLines, pathRules } from '../../../src/domain/upgrade/rules.ts';
import { parseVersion } from '../../../src/domain/version.ts';

const ids = ({ reasons }: Pick<PathJudgement, 'reasons'>) => reasons.map((reason) => reason.id);

describe('a path', () => {
  it.each([
    ['3.5.0', '3.5.0-48f4d81', 'SAME', 'ALLOWED', []],
    ['3.3.11', '3.3.15', 'UPGRADE', 'ALLOWED', []],
    ['3.3.15', '3.3.11', 'DOWNGRADE', 'ALLOWED', []],
    ['3.3.15-6c9a3f1', '3.4.6', 'UPGRADE', 'ALLOWED', []],
    ['3.4.10', '3.5.2', 'UPGRADE', 'ALLOWED', []],
    ['3.4.6', '3.5.0', 'UPGRADE', 'DISCOURAGED', ['3.4-to-3.5-dictionary']],
    ['3.5.12', '4.0.6', 'UPGRADE', 'ALLOWED', []],
    ['2.5.21', '3.0.9', 'UPGRADE', 'ALLOWED', []],
    ['2.4.9', '3.0.9', 'UPGRADE', 'FORBIDDEN', ['one-line-at-a-time', 'line-not-known']],
    ['3.3.15', '3.5.2', 'UPGRADE', 'FORBIDDEN', ['one-line-at-a-time']],
    ['3.4.0', '3.4.2', 'UPGRADE', 'DISCOURAGED', ['3.4.0-to-3.4.2']],
    ['3.4.0', '3.4.4', 'UPGRADE', 'ALLOWED', []],
    ['3.3.15', '3.4.0-rc01', 'UPGRADE', 'DISCOURAGED', ['prerelease']],
    ['3.5.12', '4.0.0-preview', 'UPGRADE', 'DISCOURAGED', ['prerelease']],
    ['3.3.15', '3.4.1', 'UPGRADE', 'DISCOURAGED', ['withdrawn']],
    ['4.1.2', '4.2.0', 'UPGRADE', 'DISCOURAGED', ['line-not-known']],
    ['4.1.2', '4.3.0', 'UPGRADE', 'FORBIDDEN', ['one-line-at-a-time', 'line-not-known']],
    ['3.5.12', '5.0.0', 'UPGRADE', 'FORBIDDEN', ['one-line-at-a-time', 'line-not-known']],
    ['3.3.15', '3.2.16', 'DOWNGRADE', 'DISCOURAGED', ['3.3-to-3.2-care']],
    ['3.3.2', '3.2.3', 'DOWNGRADE', 'DISCOURAGED', ['3.3-to-3.2-care']],
    ['3.3.2', '3.2.2', 'DOWNGRADE', 'FORBIDDEN', ['3.3-to-3.2-metadata', '3.3-to-3.2-care']],
    ['3.3.9', '3.2.10', 'DOWNGRADE', 'FORBIDDEN', ['3.3.9-to-3.2', '3.3-to-3.2-care']],
    ['3.4.6', '3.3.8', 'DOWNGRADE', 'FORBIDDEN', ['3.4-to-3.3']],
    ['3.4.6', '3.3.9', 'DOWNGRADE', 'ALLOWED', []],
    ['3.5.0', '3.4.5', 'DOWNGRADE', 'FORBIDDEN', ['3.5-to-3.4']],
    ['3.5.0', '3.4.6-rc01', 'DOWNGRADE', 'FORBIDDEN', ['3.5-to-3.4', 'prerelease']],
    ['3.5.0', '3.4.6', 'DOWNGRADE', 'ALLOWED', []],
    ['3.5.0', '3.3.15', 'DOWNGRADE', 'FORBIDDEN', ['one-line-at-a-time']],
    ['3.5.2', '3.5.1', 'DOWNGRADE', 'FORBIDDEN', ['3.5.2-to-3.5.0']],
    ['3.5.1', '3.5.0', 'DOWNGRADE', 'ALLOWED', []],
    ['4.0.1', '3.5.1', 'DOWNGRADE', 'FORBIDDEN', ['4.0-to-3.5']],
    ['4.0.6', '3.5.9', 'DOWNGRADE', 'DISCOURAGED', ['4.0.2-to-3.5-meta-scan']],
    ['4.0.6', '3.5.11', 'DOWNGRADE', 'ALLOWED', []],
    ['4.1.1', '4.0.5', 'DOWNGRADE', 'FORBIDDEN', ['4.1-to-4.0']],
    ['3.0.9', '2.5.21', 'DOWNGRADE', 'FORBIDDEN', ['3.0-to-2.5-library']],
  ])('from %s to %s is a %s and %s', (from, to, direction, verdict, wanted) => {
    const judged = judgePath({ from, to });
    expect(judged).toMatchObject({ direction, verdict });
    expect(ids(judged)).toEqual(wanted);
  });

  it('that skips versions names every one of them, in the order to pass them', () => {
    expect(judgePath({ from: '3.2.16', to: '4.0.6' }).reasons[0]?.message).toContain('3.3, then 3.4, then 3.5');
    expect(judgePath({ from: '4.0.6', to: '3.3.15' }).reasons[0]?.message).toContain('3.5, then 3.4');
    expect(judgePath({ from: '3.6.0', to: '3.9.0' }).reasons[0]?.message).toContain('3.7, then 3.8');
  });

  it('without an end to its version numbers is answered at once', () => {
    expect(judgePath({ from: '3.6.0', to: '3.99999.0' }).verdict).toBe('FORBIDDEN');
  });

  it.each([
    ['MAIN-RELEASE-d094052', '3.5.0'],
    ['3.5.0', 'MAIN-RELEASE-d094052'],
    ['', ''],
  ])('from %j to %j is forbidden, as it cannot be told', (from, to) => {
    const judged = judgePath({ from, to });
    expect(judged.verdict).toBe('FORBIDDEN');
    expect(judged.returnPath.verdict).toBe('FORBIDDEN');
    expect(ids(judged)).toEqual(['version-not-comparable']);
  });

  it('has a way back only where StarRocks has one', () => {
    expect(judgePath({ from: '3.4.5', to: '3.5.0' }).returnPath.verdict).toBe('FORBIDDEN');
    expect(judgePath({ from: '3.4.6', to: '3.5.0' }).returnPath.verdict).toBe('ALLOWED');
    expect(judgePath({ from: '3.5.1', to: '3.5.2' })).toMatchObject({
      verdict: 'ALLOWED',
      returnPath: { verdict: 'FORBIDDEN' },
    });
  });

  it('has the same opinion of a way back as of that way itself', () => {
    const versions = ['3.2.16', '3.3.15', '3.4.5', '3.4.6', '3.5.0', '3.5.2', '4.0.6'];
    for (const from of versions) {
      for (const to of versions) {
        const { verdict, reasons } = judgePath({ from: to, to: from });
        expect(judgePath({ from, to }).returnPath, `${from} to ${to}`).toEqual({ verdict, reasons });
      }
    }
  });
});

describe('a path from several versions at once', () => {
  it('is as bad as its worst part, and nodes that are there already have no say', () => {
    expect(judgePaths({ from: ['3.4.10', '3.5.2-aaaaaaa'], to: '3.5.2' })).toMatchObject({
      direction: 'UPGRADE',
      verdict: 'ALLOWED',
    });
    const worst = judgePaths({ from: ['3.4.10', '3.3.15'], to: '3.5.2' });
    expect(worst).toMatchObject({ direction: 'UPGRADE', verdict: 'FORBIDDEN' });
  });

  it('is forbidden when it would lead some nodes up and others down, or when there are none', () => {
    expect(ids(judgePaths({ from: ['3.4.6', '3.5.2'], to: '3.4.10' }))).toEqual(['both-ways']);
    expect(judgePaths({ from: [], to: '3.5.0' }).verdict).toBe('FORBIDDEN');
  });

  it('says a thing once, however many nodes it is about', () => {
    expect(ids(judgePaths({ from: ['3.4.6-a2f40c9', '3.4.6'], to: '3.5.2' }))).toEqual(['3.4-to-3.5-dictionary']);
  });
});

describe('the table of paths', () => {
  it('holds rules that can each match, about lines it knows, one by one', () => {
    for (const { id, from, to } of pathRules) {
      const places = [from, to].map(({ line }) => knownLines.indexOf(line));
      expect(Math.abs((places[0] ?? 0) - (places[1] ?? 0)), id).toBeLessThanOrEqual(1);
      for (const edge of [from.from, from.below, to.from, to.below]) {
        if (edge !== undefined) expect(parseVersion(edge), `${id} ${edge}`).not.toBeNull();
      }
    }
    expect(new Set(pathRules.map(({ id }) => id)).size).toBe(pathRules.length);
  });
});

describe('the oldest JDK', () => {
  it.each([
    ['2.5.21', 8],
    ['3.2.16', 8],
    ['3.3.0', 11],
    ['3.4.6', 11],
    ['3.5.0-rc01', 17],
    ['4.0.0', 17],
  ])('for %s is %i', (text, jdk) => {
    expect(minimumJdkOf(parseVersion(text) ?? { major: 0, minor: 0 })).toBe(jdk);
  });
});
