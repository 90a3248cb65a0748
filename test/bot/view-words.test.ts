import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertCard, alertLine } from '../../src/bot/views/alert-card.ts';
import { checkLines, checkSentence } from '../../src/bot/views/check-lines.ts';
import { clusterStatus } from '../../src/bot/views/clusters.ts';
import { memberLine } from '../../src/bot/views/group-words.ts';
import { endLine, runSentence } from '../../src/bot/views/run-sentences.ts';
import { silenceMade } from '../../src/bot/views/silences.ts';
import type { RemovedNode } from '../../src/domain/cluster.ts';
import { alertInWords } from '../../src/domain/rules/standing.ts';
import type { Silence } from '../../src/domain/silence.ts';
import { alert } from '../domain/alert-builders.ts';
import { approval, at, health, node, run, step, vote } from './builders.ts';

it('the sentence of an alert ends with its state and its number, however long its names are, and calls nobody', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '<!channel>', '&', '\u202e', ' ', '😀'), maxLength: 400 });
  fc.assert(
    fc.property(text, text, text, (title, clusterName, byName) => {
      const handling = { kind: 'ACKED', byId: 'per_1', byName, at, until: at, reminded: false } as const;
      const { text: said } = alertCard({
        alert: alert({ title, clusterName, handling }),
        mayRepeat: false,
        mutedByRun: null,
        runbook: null,
      });
      expect(said).toMatch(/\. A-7$/);
      expect(said).toContain('Acknowledged by');
      expect(said).not.toMatch(/<!(?!date)|\u202e/);
      expect(said.replace(/<!date[^|]*\|([^>]*)>/g, '$1').length).toBeLessThanOrEqual(300);
    }),
  );
});

it('an alert that a finished run explains does not say that the run is at work', () => {
  const shown = (because: string) =>
    JSON.stringify(
      alertCard({
        alert: alert({ mute: { kind: 'INHIBITED', by: 'run:run_9', because } }),
        mayRepeat: false,
        mutedByRun: 9,
        runbook: null,
      }),
    );
  expect(shown('run run_9 is working on the node')).toContain('R-9 is working on this node');
  const stopped = shown('it was stopped on purpose by kim (R-9), until it is started');
  expect(stopped).toContain('it was stopped on purpose by kim');
  expect(stopped).not.toContain('is working on');
});

it('an alert that ended because its rule was switched off is nowhere called resolved or over', () => {
  const ended = { ...alert({ signal: 'RESOLVED', resolvedAt: at }), switchedOff: 'the rule was switched off by kim' };
  const card = alertCard({ alert: ended, mayRepeat: false, mutedByRun: null, runbook: null });
  expect(card.text).toMatch(/\(by the last look\)\. Rule off, not known to be over\. .*looked at until/);
  const shown = [
    JSON.stringify(card),
    alertLine(ended),
    memberLine(ended, { severityShown: null, clusterShown: false }),
  ];
  for (const words of shown) expect(words).not.toMatch(/resolved|over after|✅|2eb886/i);
  expect(alertInWords(ended)).toContain('its rule is off');
});

describe('a silence', () => {
  const preview = { open: [alert()], lastWeek: [], neverHidden: [], isCut: false };
  const asked: Silence = {
    scope: { kind: 'cluster', clusterId: 'clu_1' },
    ...{ id: 'sil_1', number: 3, matchers: { rule: null, severities: null, labels: {} }, reason: 'a move' },
    ...{ createdBy: { id: 'per_1', name: 'kim' }, createdAt: at, until: new Date(at.getTime() + 60_000) },
    ...{ needsSecond: true, approvedBy: null, approvedAt: null, endedBy: null, endedAt: null },
  };

  it('that waits for a second person does not say that it hides what it would hide', () => {
    const { text } = silenceMade(asked, { preview, at });
    expect(text).toContain('It hides *nothing* until another person agrees');
    expect(text).toContain('It would hide 1 open alert now (A-7 CRITICAL).');
    expect(text).not.toContain('It hides 1');
    const agreed = { ...asked, approvedBy: { id: 'per_2', name: 'lee' }, approvedAt: at };
    expect(silenceMade(agreed, { preview, at }).text).toContain('It hides 1 open alert now');
  });
});

describe('the sentence of a run', () => {
  it.each([
    [run(), 'RUNNING: R-12 Restart a node on prod-eu. Step 1 of 2, Stop be 10.0.0.11:9050'],
    [
      run({ state: 'AWAITING_APPROVAL' }),
      'AWAITING APPROVAL: R-12 Restart a node on prod-eu. Waits for 1 more approval (1 of 2 approvals given), P-5, asked for by kim',
    ],
    [
      run({ state: 'FAILED', failure: { code: 'TIMEOUT', message: 'It did not stop', hint: null, step: 0 } }),
      'FAILED: R-12 Restart a node on prod-eu. It did not stop',
    ],
  ])('says everything without a sign or a colour', (given, sentence) => {
    const steps = [step({ state: 'applying' }), step({ position: 1, title: 'Start it' })];
    const data = { run: given, steps, title: 'Restart a node', approval: approval(), votes: [vote()], decisions: [] };
    expect(runSentence(data)).toBe(sentence);
  });
});

describe('the status of a cluster', () => {
  const cluster = { name: 'prod-eu', environment: 'prod', observedAt: at, problems: [] };
  const shown = (
    problems: string[],
    removedNodes: readonly RemovedNode[] = [],
    hidings: Parameters<typeof clusterStatus>[0]['hidings'] = [],
  ) => {
    const data = {
      openAlerts: 0,
      health: health(),
      openUpgrades: [],
      openRuns: [],
      lastRun: null,
      removedNodes,
      alertLines: [],
      hidings,
      held: null,
      automationLines: [],
      stopped: new Map(),
      workedOn: new Map<string, number>(),
    };
    return JSON.stringify(clusterStatus({ ...data, cluster: { ...cluster, problems }, nodes: [node()] }));
  };

  it('lists what hides alerts: which, by whom, until when and why, and what would hide some', () => {
    const silence = {
      covers: 'rule=node_*',
      because: 'moving',
      byName: 'kim',
      since: at,
      untilWords: '',
      nodeId: null,
    };
    const until = new Date('2026-11-28T12:00:00Z');
    const of = (name: string) => ({ ...silence, kind: 'SILENCE', name, until }) as const;
    const text = shown(
      [],
      [],
      [
        { ...of('S-3'), alerts: [] },
        { ...of('S-4'), alerts: [alert({ number: 7 }), alert({ number: 8 })] },
      ],
    );
    expect(text).toMatch(/\*S-4\* by kim hides A-7, A-8, until <!date\^\d+\^[^|]*\|2026-11-28 12:00 UTC>: moving/);
    expect(text).toMatch(/\*S-3\* by kim hides nothing now, and would hide rule=node_\*, until /);
    expect(text.indexOf('S-4')).toBeLessThan(text.indexOf('S-3'));
    expect(shown([])).not.toContain('What hides alerts');
  });

  it('lists what nodes that left have kept, and whether anybody saw that their processes ended', () => {
    const left = (of: Partial<RemovedNode>): RemovedNode => ({
      ...{ id: 'rmn_1', clusterId: 'clu_1', kind: 'BACKEND', host: '10.0.0.14', port: 9050, place: null },
      ...{ dataDirs: ['/data1/sr'], identities: {}, processEnded: true, removedAt: at, runId: 'run_1', purgedAt: null },
      ...of,
    });
    const text = shown([], [left({}), left({ port: 9051, dataDirs: [], processEnded: null })]);
    expect(text).toMatch(/Left behind by nodes that were taken out/);
    expect(text).toMatch(/be 10\.0\.0\.14:9050 · its process has ended · data in \/data1\/sr/);
    expect(text).toMatch(/be 10\.0\.0\.14:9051 · \*nobody looked at its process\* · where its data lies is not known/);
    expect(shown([])).not.toContain('Left behind');
  });

  it('does not call nodes alive without saying when they were, while the cluster does not answer', () => {
    expect(shown(['no frontend answered'])).toMatch(/The nodes below are as last seen .*12:00:00 UTC.*alive/);
    expect(shown(['no frontend answered'])).toMatch(/1 of 1 node alive when last seen/);
    expect(shown([])).not.toContain('The nodes below');
    expect(shown([])).not.toContain('when last seen');
  });
});

describe('what was checked at the end', () => {
  const checks = [
    { name: 'leader', status: 'PASS', severity: 'BLOCK', observed: 'fe1', wanted: 'one', hint: 'Look.' },
    { name: 'ssh', status: 'SKIPPED', severity: 'INFO', observed: 'no host', wanted: 'to be known', hint: null },
    { name: 'tablets', status: 'FAIL', severity: 'WARN', observed: '6 short', wanted: '0 short', hint: 'Wait.' },
  ] as const;

  it('stands on the card, what is wrong first and with its advice', () => {
    expect(checkLines({ passed: true, checks })).toBe(
      [
        '*Checked at the end*: 1 of 3 checks failed',
        '✖ warning, tablets: 6 short; wanted 0 short. Wait.',
        '– not checked, ssh: no host',
        '✔ leader: fe1',
      ].join('\n'),
    );
  });

  it('is told by name alone where much passed, and by number in a sentence', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ ...checks[0], name: `check-${index}` }));
    const lines = checkLines({ passed: true, checks: [...many, checks[2]] }).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      '*Checked at the end*: 1 of 31 checks failed',
      '✖ warning, tablets: 6 short; wanted 0 short. Wait.',
    ]);
    expect(lines[2]).toMatch(/^✔ passed: check-0, check-1, .*check-29$/);
    expect(checkSentence({ passed: true, checks: [...many, checks[2]] })).toBe(
      'Look at: tablets (6 short). 30 checks passed.',
    );
  });

  it('stands in the sentence too, warnings of a success included', () => {
    expect(checkSentence({ passed: true, checks })).toBe('Look at: tablets (6 short). Checked: leader (fe1).');
    expect(checkSentence({ passed: false, checks })).toBe('The check at the end did not pass: tablets (6 short).');
    expect(checkSentence(null)).toBe('');
    expect(checkSentence({ passed: true, checks: [checks[1]] })).toBe('Not checked: ssh (no host).');
  });

  it('keeps sentences apart where a failure and its hint follow each other', () => {
    const failure = { code: 'TIMEOUT' as const, message: 'It did not stop', hint: 'Look at its log', step: 0 };
    const data = {
      run: run({ state: 'FAILED', failure }),
      steps: [],
      title: 'Restart a node',
      votes: [],
      decisions: [],
    };
    expect(endLine(data, { requester: null })).toContain('It did not stop. Look at its log. See `/sr run R-12`.');
  });
});
