import { describe, expect, it } from 'vitest';
import { decisionLine } from '../../src/bot/views/decisions.ts';
import { helpOfVerb } from '../../src/bot/views/help.ts';
import { type RunCardData, runCard } from '../../src/bot/views/run-card.ts';
import { endLine, runSentence } from '../../src/bot/views/run-sentences.ts';
import { idsIn } from '../../src/domain/opaque-id.ts';
import type { RunState } from '../../src/domain/run.ts';
import { inWords } from '../../src/domain/words.ts';
import { operations } from '../../src/operations/index.ts';
import type { Decision } from '../../src/store/reads/decisions.ts';
import { approval, at, run, step, vote } from './builders.ts';

const names = new Map([
  ['clu_01J00000000000000000000000', 'prod-eu'],
  ['nod_01J00000000000000000000000', 'be 10.0.0.11:9050'],
  ['rmn_01J00000000000000000000000', 'be 10.0.0.14:9050'],
  ['bak_01J00000000000000000000000', 'sales_20261127_060000_000'],
  ['bpl_01J00000000000000000000000', 'nightly'],
]);

function card(change: Partial<RunCardData>): RunCardData {
  return {
    run: run(),
    steps: [step()],
    title: 'Restart a node',
    actions: [],
    withoutLanes: [],
    approval: null,
    votes: [],
    decisions: [],
    names,
    approvers: [],
    blockedBy: null,
    silentSince: null,
    receipt: null,
    mayRepeat: false,
    ...change,
  };
}

/** The sections and small print of a card, as they are read. */
function lines(data: RunCardData): string[] {
  return (runCard(data).blocks ?? []).flatMap((block) => {
    if (block.type === 'section') return (block.text?.text ?? '').split('\n');
    return block.type === 'context' ? block.elements.flatMap((each) => ('text' in each ? [each.text] : [])) : [];
  });
}

const asked = (action: Decision['action'], comment: string | null): Decision => ({
  ...{ id: 1, at, by: 'kim' },
  action,
  comment,
});

describe.each(operations)('the approval card of $name', ({ title, example, summary, slack }) => {
  const shown = lines(
    card({ title, run: run({ state: 'AWAITING_APPROVAL', input: example }), approval: approval({ required: 1 }) }),
  );
  const said = shown.find((line) => line.startsWith('Arguments: ')) ?? '';

  it('shows the arguments by names, without ids and without JSON', () => {
    expect(idsIn(shown)).toEqual([]);
    // The number of a tablet is StarRocks' own, and has no other name.
    expect(said).not.toMatch(/[{}"[\]]|_01J|(?<!tablet)Ids?=/);
    if (example.clusterId !== undefined) expect(said).toContain('cluster=`prod-eu`');
    if (example.nodeId !== undefined) expect(said).toContain('node=`be 10.0.0.11:9050`');
  });

  it('has a help without ids', () => {
    const entry = { verb: '', usage: '', summary, examples: slack?.examples ?? [], allowed: true };
    expect(idsIn(helpOfVerb(entry))).toEqual([]);
  });
});

it.each([
  ['a list of objects', { hosts: [{ address: 'h1', nodes: [] }] }, 'hosts = (address = h1, nodes = none)'],
  ['a node that is gone', { nodeId: `nod_${'1'.repeat(26)}` }, 'node = [a node]'],
  ['several nodes', { nodeIds: [...names.keys()].slice(0, 2) }, 'node = prod-eu, be 10.0.0.11:9050'],
  ['numbers, yes and nothing', [14_400, true, null, ''], '14400, true, nothing, nothing'],
])('tells %s in words', (_what, value, words) => {
  expect(inWords(value, (id) => names.get(id) ?? null)).toBe(words);
});

describe('who decided, and why', () => {
  it.each<[RunState, Partial<RunCardData>, string]>([
    [
      'CANCELED',
      { decisions: [asked('cancelRun', 'wrong <cluster>')] },
      'kim asked to cancel it: wrong &lt;cluster&gt;.',
    ],
    ['CANCELING', { decisions: [asked('cancelRun', null)] }, 'kim asked to cancel it.'],
    ['REJECTED', { votes: [vote({ vote: 'DENY', comment: 'not today' })] }, 'lee denied it: not today.'],
    ['UNDONE', { decisions: [asked('undoRun', 'slow since')] }, 'kim asked to undo it: slow since.'],
    ['EXPIRED', {}, 'Nobody approved in time.'],
    [
      'PAUSED',
      { decisions: [asked('pauseRun', 'lunch')] },
      '*Paused*, until it is resumed. kim asked to pause it: lunch.',
    ],
  ])('stands on the card of a run that is %s, and in its sentence', (state, change, told) => {
    const data = card({ ...change, run: run({ state }) });
    expect(lines(data)).toContain(told);
    const who = told.replace(/^.*resumed\. /, '').replace(/\.$/, '');
    expect(runSentence(data)).toContain(who);
    if (state !== 'CANCELING' && state !== 'PAUSED') expect(endLine(data, { requester: null })).toContain(told);
  });

  it('is not said of a run that pauses by itself after a person had paused it', () => {
    const decisions = [asked('pauseRun', 'lunch'), asked('resumeRun', null)];
    expect(runSentence(card({ run: run({ state: 'PAUSED' }), decisions }))).toContain('Paused by a person');
  });

  it('is a reply in the thread', () => {
    expect(decisionLine(asked('cancelRun', 'wrong cluster'))).toMatch(
      /^kim asked to cancel it .*12:00:00 UTC>: wrong cluster$/,
    );
  });
});

describe('the approvals that a run waits for', () => {
  const waiting = run({ state: 'AWAITING_APPROVAL' });
  const approver = (index: number, slackUser: string | null) => ({
    personId: `per_${index}`,
    name: `p${index}`,
    slackUser,
  });

  it.each([
    [1, [], 'Waits for 1 approval, P-5', '1 approval needed'],
    [2, [], 'Waits for 2 approvals, P-5', '2 approvals needed'],
    [2, [vote()], 'Waits for 1 more approval (1 of 2 approvals given), P-5', '1 of 2 approvals given'],
  ])('of %i needed are told in words', (required, votes, sentence, line) => {
    const data = card({ run: waiting, approval: approval({ required }), votes });
    expect(runSentence(data)).toContain(sentence);
    expect(lines(data).find((each) => each.startsWith('*P-5*'))).toContain(`*P-5*: ${line}, expires`);
  });

  it('call the first five who may give them and have not yet, and name the others', () => {
    const approvers = [1, 2, 3, 4, 5, 6, 7].map((index) => approver(index, index === 2 ? null : `U0${index}`));
    const data = card({ run: waiting, approval: approval(), votes: [vote({ personId: 'per_1' })], approvers });
    expect(lines(data)).toContain('May approve: <@U03>, <@U04>, <@U05>, <@U06>, <@U07>, p2; not kim, who asked');
    const many = Array.from({ length: 30 }, (_, index) => approver(index, `U${index + 10}`));
    expect(lines(card({ ...data, approvers: many })).join()).toContain('p9, p10 and 19 more; not kim');
  });

  it('are waited for without counting steps as done, and a run that was denied says that nothing was begun', () => {
    const denied = run({ state: 'REJECTED', startedAt: null });
    expect(lines(card({ run: { ...denied, state: 'AWAITING_APPROVAL' } }))[0]).toBe(
      '*AWAITING APPROVAL* · 1 step · by kim',
    );
    expect(lines(card({ run: denied }))[0]).toBe('*REJECTED* · nothing was begun · by kim');
  });

  it('call nobody once they are given, and say it when nobody can', () => {
    const approvers = [approver(1, 'U01')];
    const begun = card({ run: run(), approval: approval({ state: 'APPROVED' }), votes: [vote()], approvers });
    expect(lines(begun).join()).not.toContain('<@');
    expect(lines(card({ run: waiting, approval: approval() })).join()).toContain('May approve: *nobody*, until');
  });
});
