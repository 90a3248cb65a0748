import { describe, expect, it } from 'vitest';
import { nothingBlocks } from '../../src/domain/end-checks.ts';
import { found, type NamedCheck, passedByAll, skipped, verdict, worstOf } from '../../src/domain/verdict.ts';

const texts = { observed: 'seen', wanted: 'wished', hint: 'Mend it.' };
const pass = verdict('a', 'BLOCK', true, texts);
const blocked = verdict('b', 'BLOCK', false, texts);
const warned = verdict('c', 'WARN', false, texts);
const told = verdict('d', 'INFO', false, texts);
const unseen = skipped('e', { why: 'not asked', wanted: 'to be known' });

it('a report gives a hint for what failed alone, an end for everything', () => {
  expect([pass.hint, blocked.hint]).toEqual([null, 'Mend it.']);
  expect(found('a', 'BLOCK', true, texts)).toEqual({ ...pass, hint: 'Mend it.' });
});

describe('the whole report in one word', () => {
  it.each<[string, readonly NamedCheck[], string]>([
    ['nothing failed', [pass], 'NOTHING'],
    ['what is only told does not count', [pass, told], 'NOTHING'],
    ['a warning', [pass, warned], 'WARN'],
    ['the worst wins', [warned, blocked, unseen], 'BLOCK'],
    ['nothing was looked at', [unseen], 'UNKNOWN'],
    ['nothing that decides was looked at', [warned, unseen], 'UNKNOWN'],
    ['something that decides was looked at', [pass, warned, unseen], 'WARN'],
    ['no checks at all', [], 'UNKNOWN'],
  ])('%s', (_name, checks, word) => {
    expect(worstOf(checks)).toBe(word);
  });
});

it('an end is as it should be when nothing that failed forbids it', () => {
  expect(nothingBlocks([pass, warned, unseen])).toBe(true);
  expect(nothingBlocks([pass, blocked])).toBe(false);
});

it('a check that some told nothing of has not passed', () => {
  expect(passedByAll(pass, { told: 2, of: 3, what: 'nodes' })).toEqual({
    ...skipped('a', { why: 'seen; 1 of 3 nodes told nothing', wanted: 'wished' }),
  });
  expect(passedByAll(pass, { told: 3, of: 3, what: 'nodes' })).toBe(pass);
  expect(passedByAll(blocked, { told: 0, of: 3, what: 'nodes' })).toBe(blocked);
});
