import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import type { LastLook } from '../../../src/domain/probe.ts';
import { bookFor } from '../../../src/domain/rules/book.ts';
import type { RuleOverride } from '../../../src/domain/rules/override.ts';
import type { WatchedCluster } from '../../../src/domain/rules/watched.ts';
import type { Explanation } from '../../../src/domain/why/finding.ts';
import { type AlertDelivery, explainAlert } from '../../../src/domain/why/why-alert.ts';
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

const undelivered: AlertDelivery = { told: null, card: null, waits: null, escalation: null };
const told = { at, channel: 'C0ALERTS' };
const card = { channel: 'C0ALERTS', state: 'FAILED', error: 'not_in_channel', attempts: 4, createdAt: at } as const;
const acked = { kind: 'ACKED', byId: 'per_1', byName: 'kim', at, until: later(3_600_000), reminded: false } as const;
const facts = (of: Partial<Alert>, delivery: Partial<AlertDelivery> = {}, hiddenByRun: number | null = null) => ({
  ...{ alert: alert({ rule: 'disk_filling', ...of }), openedBecause: 'Disk use is 91 %, over 85 %', hiddenByRun },
  delivery: { ...undelivered, ...delivery },
});

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
    ['stale and told', { signal: 'STALE' }, { told }, true, 'DELIVERY', /confirmed/],
    ['stale and told to nobody', { signal: 'STALE' }, {}, false, 'STALE', /no look could tell/],
    ['waiting for its group', {}, { waits: { since: at } }, false, 'GROUP', /together with others/],
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
      waits: fc.constantFrom(null, { since: at }),
      escalation: fc.constantFrom(null, { at, words: 'kim was called' }),
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
      ...{ watched: watched(), name: 'disk_filling', removed: null, node: null, work: [], silences: [], alerts: [] },
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
