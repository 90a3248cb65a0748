import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import type { StepFacts } from '../../../src/domain/escalation/next-step.ts';
import { escalationPolicies } from '../../../src/domain/escalation/policy.ts';
import type { LastLook } from '../../../src/domain/probe.ts';
import { bookFor } from '../../../src/domain/rules/book.ts';
import type { RuleOverride } from '../../../src/domain/rules/override.ts';
import type { WatchedCluster } from '../../../src/domain/rules/watched.ts';
import type { Explanation } from '../../../src/domain/why/finding.ts';
import { type AlertDelivery, explainAlert } from '../../../src/domain/why/why-alert.ts';
import type { AlertEscalation } from '../../../src/domain/why/why-escalation.ts';
import { explainWhyNot, type WhyNotFacts } from '../../../src/domain/why/why-not.ts';
import { alert } from '../alert-builders.ts';
import { at, disk, measured, nodes, override } from '../rules/builders.ts';

const later = (ms: number) => new Date(at.getTime() + ms);
const lookAt = (rest: Partial<LastLook> = {}): LastLook => ({
  ...{ clusterId: 'clu_1', at, dueAt: later(15_000), ok: true, problem: null, nodes: [], pending: [], notJudged: [] },
  ...rest,
});

function watched(rest: Partial<WatchedCluster> = {}, overrides: readonly RuleOverride[] = []): WatchedCluster {
  return {
    ...{ cluster: { id: 'clu_1', name: 'prod-eu', environment: 'prod' }, now: later(5_000), nodes, look: lookAt() },
    ...{ measured: { at, measurements: [] }, alerts: [] },
    book: bookFor({ own: [], overrides }, { clusterId: 'clu_1', environment: 'prod', at }),
    ...rest,
  };
}

const undelivered: AlertDelivery = { told: null, card: null, waits: null, escalation: { last: null, ahead: null } };
const told = { at, channel: 'C0ALERTS' };
const waits = { since: at, channel: 'C0ALERTS', planned: null };
const card = {
  channel: 'C0ALERTS',
  isDaily: false,
  state: 'FAILED',
  error: 'not_in_channel',
  attempts: 4,
  createdAt: at,
} as const;
const acked = { kind: 'ACKED', byId: 'per_1', byName: 'kim', at, until: later(3_600_000), reminded: false } as const;
const facts = (of: Partial<Alert>, delivery: Partial<AlertDelivery> = {}, hiddenByRun: number | null = null) => ({
  ...{ alert: alert({ rule: 'disk_filling', ...of }), openedBecause: 'Disk use is 91 %, over 85 %', hiddenByRun },
  delivery: { ...undelivered, ...delivery },
});

const step: NonNullable<AlertEscalation['last']> = {
  ...{ step: 1, kind: 'STEP', at, reason: null, by: null, missing: ['the route names no user group'] },
  told: [
    { kind: 'PERSON', id: 'per_1', name: 'kim', role: 'PRIMARY' },
    { kind: 'PLACE', place: 'C0SECOND' },
    { kind: 'WEBHOOK' },
  ],
  sent: [
    { kind: 'PLACE', place: 'C0SECOND', state: 'FAILED', outcome: 'not_in_channel' },
    { kind: 'PLACE', place: 'person:per_1', state: 'SENT', outcome: null },
    { kind: 'WEBHOOK', place: '', state: 'UNKNOWN', outcome: 'no answer' },
  ],
};

/** Nobody has had the alert since `at`, people were told then, and kim is on call. */
function ahead(rest: Partial<StepFacts> = {}): NonNullable<AlertEscalation['ahead']> {
  const none = { channel: null, secondChannel: null, fallbackChannel: null, webhook: null, workingHours: null };
  const kim = { id: 'per_1', name: 'kim' };
  return {
    ...{ policy: policyOf('CRITICAL'), toldAt: at, undeliveredAt: null, done: 0, hours: null, at: later(5_000) },
    time: { episode: 1, restartedAt: at, spans: [{ from: at, to: null }], fellAt: null },
    call: {
      route: {
        ...{ id: 'art_1', scope: { kind: 'all' }, leastSeverity: 'MEDIUM', rotation: 'dba', ...none },
        ...{ userGroup: 'S0DBA', managerGroup: null },
      },
      onCall: { kind: 'SOMEBODY', primary: kim, secondary: null, override: null, until: later(3_600_000) },
      isReachable: () => true,
    },
    ...rest,
  };
}

function policyOf(severity: 'CRITICAL' | 'MEDIUM') {
  const policy = escalationPolicies[severity];
  if (policy === null) throw new Error('it has none');
  return policy;
}

/** Exactly one finding decides, and it is among those that are told. */
function expectOneDecision({ decision, findings }: Explanation) {
  expect(findings.filter((each) => each === decision)).toHaveLength(1);
  for (const { words } of findings) expect(words).toMatch(/\S.*[.!?…]$/);
}

describe('why an alert calls somebody, or nobody', () => {
  it.each([
    [
      'told',
      { signal: 'FIRING' },
      { told },
      true,
      'DELIVERY',
      /Slack confirmed its message in C0ALERTS at 2026-11-27 10:00 UTC/,
    ],
    [
      'resolved by hand',
      { signal: 'RESOLVED', resolvedAt: at, resolvedBy: { id: 'per_1', name: 'kim', isConfirmed: false } },
      { told },
      false,
      'RESOLVED',
      /kim resolved it by hand/,
    ],
    [
      'silenced',
      { mute: { kind: 'SILENCED', by: 'S-3', because: 'S-3 by lee until noon: a move' } },
      { told },
      false,
      'SILENCE',
      /S-3 by lee until noon: a move/,
    ],
    [
      'in maintenance',
      { mute: { kind: 'MAINTENANCE', by: 'window:win_1', because: 'window "nights" until noon, by lee: a move' } },
      { told },
      false,
      'MAINTENANCE',
      /a maintenance window hides it: window "nights" until noon, by lee: a move/,
    ],
    [
      'hidden by a rule',
      { mute: { kind: 'INHIBITED', by: 'node_down', because: 'the node is down' } },
      { told },
      false,
      'INHIBITION',
      /an alert of node_down explains it: the node is down/,
    ],
    [
      'acknowledged',
      { handling: acked },
      { told },
      false,
      'ACKNOWLEDGEMENT',
      /kim takes care of it until 2026-11-27 11:00 UTC/,
    ],
    [
      'ended with its rule, which was switched off',
      { signal: 'RESOLVED', resolvedAt: later(0), switchedOff: 'the rule was switched off by kim: a test' },
      { told },
      false,
      'SWITCHED_OFF',
      /^The rule was switched off by kim: a test\. Since .* nobody looks whether it still holds\.$/,
    ],
    ['stale and told', { signal: 'STALE' }, { told }, true, 'DELIVERY', /confirmed/],
    ['stale and told to nobody', { signal: 'STALE' }, {}, false, 'STALE', /no look could tell/],
    ...(
      [
        [
          'FIRST',
          /for others of its cluster, family of rules and severity that may follow; C0ALERTS is told in 25 s, at 2026-11-27 10:00:30 UTC/,
        ],
        ['FURTHER', /its group was told already; C0ALERTS is told in 25 s/],
        ['INTERVAL', /its group was told a moment ago; C0ALERTS is told in 25 s/],
      ] as const
    ).map(
      ([because, words]) =>
        [
          `waiting (${because})`,
          {},
          { waits: { ...waits, planned: { because, until: later(30_000) } } },
          false,
          'GROUP',
          words,
        ] as const,
    ),
    ['waiting although its time is over', {}, { waits }, false, 'GROUP', /its time to wait is over/],
    ['without a message', {}, {}, false, 'DELIVERY', /There is no message about it yet/],
    [
      'refused by Slack',
      {},
      { card },
      false,
      'DELIVERY',
      /Slack refuses its message to C0ALERTS: 4 tries so far \(not_in_channel\)/,
    ],
    ['unanswered by Slack', {}, { card: { ...card, state: 'UNKNOWN' } }, null, 'DELIVERY', /may be there, or not/],
  ] as const)('says of one that is %s what decided it', (_what, of, delivery, isCalled, kind, words) => {
    const found = explainAlert(facts(of, delivery), watched());
    expect(found).toMatchObject({ isCalled, decision: { kind, words: expect.stringMatching(words) } });
    expectOneDecision(found);
  });

  it.each([
    [
      'the last step, whom it told and how that fared',
      { last: step, ahead: ahead() },
      {},
      /^Step 1 of its escalation told kim \(on call\), the second channel, the webhook at 2026-11-27 10:00 UTC; not told: the route names no user group; the message in C0SECOND is FAILED \(not_in_channel\); the message to the person directly is SENT; the webhook is UNKNOWN \(no answer\)\.$/,
    ],
    [
      'who asked for it',
      { last: { ...step, by: { id: 'per_2', name: 'lee' }, reason: 'two are down' }, ahead: null },
      {},
      /; lee asked for it: two are down;/,
    ],
    [
      'whom the next step tells, and when',
      { last: null, ahead: ahead() },
      {},
      /^If nobody takes it, the next step tells the user group, a direct message at 2026-11-27 10:05 UTC\.$/,
    ],
    [
      'what is done if Slack never confirms that it was told',
      { last: { ...step, told: [], missing: [], kind: 'FIRST' }, ahead: ahead({ toldAt: null }) },
      {},
      /^If nobody takes it and Slack does not confirm its message before, the next step tells the user group, a direct message at 2026-11-27 10:01 UTC\.$/,
    ],
    [
      'a step that is due',
      { last: null, ahead: ahead({ at: later(300_000) }) },
      {},
      /^Now is the time to tell the user group, a direct message/,
    ],
    [
      'nothing of a first step that tells nobody',
      { last: null, ahead: ahead({ policy: policyOf('MEDIUM'), done: -1 }) },
      { severity: 'MEDIUM' },
      /^If nobody takes it, the next step tells kim \(on call\) at 2026-11-27 11:00 UTC\.$/,
    ],
    ['that no route covers it', { last: null, ahead: null }, {}, /^No route covers it: nobody is called/],
    ['that nobody is called for LOW', { last: null, ahead: null }, { severity: 'LOW' }, /^Nobody is called for LOW/],
    [
      'that all was done',
      { last: null, ahead: ahead({ policy: policyOf('MEDIUM'), done: 5 }) },
      { severity: 'MEDIUM' },
      /^All steps of its escalation were carried out/,
    ],
    [
      'that the time stands still',
      {
        last: null,
        ahead: ahead({ time: { episode: 1, restartedAt: at, spans: [{ from: at, to: at }], fellAt: null } }),
      },
      { severity: 'HIGH', flapping: { since: at, quietSince: null, judgedAt: at } },
      /^Nobody is called next: .* it comes and goes, and is not CRITICAL/,
    ],
  ] as const)('says of escalation %s', (_what, escalation, of, words) => {
    const { findings } = explainAlert(facts({ severity: 'CRITICAL', ...of }, { told, escalation }), watched());
    const found = findings.filter(({ kind }) => kind === 'ESCALATION');
    expect(found.map((each) => each.words).join('\n')).toMatch(new RegExp(words.source, 'm'));
    expect(JSON.stringify(found)).not.toContain('per_1');
  });

  it('promises nobody a call about what is taken, hidden or over, and keeps what was done', () => {
    const escalation = { last: step, ahead: ahead() };
    for (const of of [
      { handling: acked },
      { mute: { kind: 'SILENCED', by: 'S-1', because: 'x' } },
      { signal: 'RESOLVED' },
    ] as const) {
      const found = explainAlert(facts(of, { told, escalation }), watched()).findings;
      expect(found.filter(({ kind }) => kind === 'ESCALATION').map(({ words }) => words)).toEqual([
        expect.stringMatching(/^Step 1/),
      ]);
    }
  });

  it('says what Slack said of a message that was told once and cannot be brought up to date', () => {
    const { findings } = explainAlert(facts({ handling: acked }, { told, card }), watched());
    expect(findings.filter(({ kind }) => kind === 'DELIVERY').map(({ words }) => words)).toEqual([
      expect.stringMatching(/Slack confirmed/),
      'Its message to C0ALERTS is FAILED; Slack said not_in_channel.',
    ]);
  });

  it('names the run, and shows no id', () => {
    const mute = { kind: 'INHIBITED', by: 'run:run_01ABC', because: 'run run_01ABC is working on the node' } as const;
    const { decision } = explainAlert(facts({ mute }, {}, 12), watched());
    expect(decision).toMatchObject({ by: 'R-12', words: expect.stringMatching(/: R-12 is working on the node\.$/) });
  });

  it('tells the look, the rule, and who changed it', () => {
    const changed = [override('disk_filling', { limits: { threshold: 0.9, clear: 0.88 } })];
    const { findings } = explainAlert(facts({}), watched({}, changed));
    const of = (kind: string) => findings.filter((each) => each.kind === kind).map(({ words }) => words);
    expect(of('SAMPLE')[0]).toMatch(/opened A-\d+: Disk use is 91 %, over 85 %/);
    expect(of('RULE')[0]).toMatch(/is over 90 % for 2 min; the alert ends at 88 % or less/);
    expect(of('OVERRIDE')[0]).toMatch(/threshold 90 %, ends at 88 %, by kim: a test/);
  });

  it('names exactly one deciding reason in every state, and calls nobody who is not to be called', () => {
    const state = fc.record({
      signal: fc.constantFrom<Alert['signal']>('FIRING', 'RESOLVED', 'STALE'),
      mute: fc.constantFrom<Alert['mute']>(
        { kind: 'NONE' },
        { kind: 'SILENCED', by: 'S-1', because: 'x' },
        { kind: 'INHIBITED', by: 'run:run_1', because: 'run run_1 works' },
      ),
      handling: fc.constantFrom<Alert['handling']>({ kind: 'UNACKED' }, acked),
      flapping: fc.constantFrom(null, { since: at, quietSince: at, judgedAt: at }),
      rule: fc.constantFrom('disk_filling', 'node_down', 'rule_of_tomorrow'),
      closedAt: fc.constantFrom(null, at),
    });
    const delivery = fc.record({
      told: fc.constantFrom(null, told),
      card: fc.constantFrom(
        null,
        ...(['QUEUED', 'SENDING', 'SENT', 'UNKNOWN', 'FAILED'] as const).map((each) => ({ ...card, state: each })),
      ),
      waits: fc.constantFrom(null, waits, { ...waits, planned: { because: 'FIRST', until: later(1) } as const }),
      escalation: fc.record({ last: fc.constantFrom(null, step), ahead: fc.constantFrom(null, ahead()) }),
    });
    fc.assert(
      fc.property(state, delivery, fc.boolean(), (of, sent, isBlind) => {
        const found = explainAlert(facts(of, sent), watched(isBlind ? { look: null } : {}));
        expectOneDecision(found);
        const isQuiet = of.signal === 'RESOLVED' || of.mute.kind !== 'NONE' || of.handling.kind === 'ACKED';
        if (isQuiet) expect(found.isCalled).toBe(false);
        else if (sent.told !== null) expect(found).toMatchObject({ isCalled: true, decision: { kind: 'DELIVERY' } });
      }),
    );
  });
});

describe('why a rule calls nobody', () => {
  const ask = (rest: Partial<WhyNotFacts> = {}) =>
    explainWhyNot({
      ...{
        watched: watched(),
        name: 'disk_filling',
        removed: null,
        node: null,
        work: [],
        silences: [],
        windows: [],
        alerts: [],
      },
      ...rest,
    });
  const [be, other, fe] = nodes;
  const values = (value: number) =>
    watched({ measured: { at, measurements: [measured('disk_used_share', disk('nod_1'), value)] } });
  const label = 'be 10.0.0.11:9050';
  const ripening = {
    fingerprint: 'f',
    rule: 'disk_filling',
    labels: { node: label },
    since: at,
    samples: 1,
    seenAt: at,
  };
  const silence = {
    name: 'S-3',
    matchers: { rule: 'disk_*', severities: null, labels: {} },
    because: 'S-3 by lee until noon: a move',
  };

  it.each([
    ['there is no such rule', { name: 'dsk_filling' }, 'NO_RULE', /prod-eu has no alert rule dsk_filling/],
    [
      'it was switched off',
      { watched: watched({}, [override('disk_filling', { isOff: true })]) },
      'SWITCHED_OFF',
      /switched off by kim: a test/,
    ],
    [
      'the node is of another kind',
      { node: fe ?? null },
      'NO_SUBJECT',
      /only about backends, and fe 10.0.0.1:9010 is none/,
    ],
    ['nobody looks', { watched: watched({ now: later(3_600_000) }) }, 'LOOK', /nobody looks/],
    ['nobody has looked yet', { watched: watched({ look: null }) }, 'LOOK', /has not looked/],
    [
      'a run takes the node away',
      {
        name: 'node_down',
        node: be ?? null,
        work: [{ nodeId: 'nod_1', by: 'R-12', because: 'R-12 is working on the node' }],
      },
      'INHIBITION',
      /R-12 is working/,
    ],
    [
      'it ripens',
      { watched: watched({ look: lookAt({ pending: [ripening] }) }), node: be ?? null },
      'RIPENING',
      /not for long enough yet/,
    ],
    [
      'another node ripens',
      { watched: watched({ look: lookAt({ pending: [ripening] }) }), node: other ?? null },
      'QUIET',
      /measured no disk_used_share of be 10.0.0.12:9050/,
    ],
    [
      'its node was silent',
      {
        node: be ?? null,
        watched: watched({
          look: lookAt({
            notJudged: [{ rule: 'disk_filling', labels: { node: label }, because: 'its page was not read' }],
          }),
        }),
      },
      'NOT_JUDGED',
      /be 10.0.0.11:9050: its page was not read/,
    ],
    ['its value is good', { watched: values(0.7) }, 'QUIET', /does not hold: 70 % of \/data1/],
    [
      'its value is between',
      { watched: values(0.84) },
      'QUIET',
      /not bad enough to begin an alert, and not good enough to end one/,
    ],
    ['a stricter rule has it', { watched: values(0.97) }, 'STRICTER_RULE', /disk_nearly_full has the alert/],
    ['a check found nothing', { name: 'no_leader' }, 'QUIET', /found nothing/],
  ] as const)('because %s', (_why, rest, kind, words) => {
    const found = ask(rest);
    expect(found).toMatchObject({ isCalled: false, decision: { kind, words: expect.stringMatching(words) } });
    expectOneDecision(found);
  });

  it('says that there is an alert, and what decided about that', () => {
    const alerts = [facts({ nodeId: 'nod_1', handling: acked }, { told })];
    const found = ask({ alerts, node: be ?? null });
    expect(found).toMatchObject({ isCalled: false, decision: { kind: 'ACKNOWLEDGEMENT' } });
    expect(found.findings.map(({ kind }) => kind)).toContain('ALERT');
    expectOneDecision(found);
    expect(ask({ alerts, node: other ?? null }).decision.kind).not.toBe('ACKNOWLEDGEMENT');
  });

  it('says beside it which silence would hide an alert', () => {
    expect(ask({ silences: [silence] }).findings).toContainEqual(
      expect.objectContaining({
        kind: 'SILENCE',
        by: 'S-3',
        words: expect.stringMatching(/^If it fired now, nobody would be told/),
      }),
    );
  });
});
