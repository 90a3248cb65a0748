import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, alertFingerprint, type Severity, severities } from '../../src/domain/alert.ts';
import { applySample, defaultAlertTimes, type RuleFacts } from '../../src/domain/alert-life.ts';
import { alert, byRun, condition, rules as known, minutes, sample } from './alert-builders.ts';

const rules: readonly RuleFacts[] = [
  ...known,
  { name: 'own_work', over: 'it is done', inhibits: null, isInhibitedByRuns: false, standsAlone: true },
  {
    name: 'lamp_gone',
    over: 'the lamp is back',
    inhibits: { rules: 'others', sameNode: true, because: 'the lamp is gone' },
    isInhibitedByRuns: true,
  },
];
const policy = { times: defaultAlertTimes, rules };
const quietNow = { since: minutes(0), quietSince: minutes(0), judgedAt: minutes(0) };
const holdsNow = { ...quietNow, quietSince: null };

const anyAlert = fc.record({
  rule: fc.constantFrom(...rules.map(({ name }) => name)),
  severity: fc.constantFrom(...severities),
  node: fc.constantFrom('be 10.0.0.11:9050', 'be 10.0.0.12:9050', null),
  flapping: fc.constantFrom(null, quietNow, holdsNow),
  holds: fc.boolean(),
  isWorkedOn: fc.boolean(),
});

describe('what another alert explains', () => {
  it('is hidden only by one that holds now, is told itself, and is at least as bad', () => {
    fc.assert(
      fc.property(fc.array(anyAlert, { maxLength: 6 }), (drawn) => {
        const alerts = drawn.map(({ rule, severity, node, flapping }, index): Alert => {
          const labels: Record<string, string> = { place: `${index}`, ...(node === null ? {} : { node }) };
          const fingerprint = alertFingerprint({ clusterId: 'clu_1', rule, labels });
          const nodeId = node === null ? null : `nod ${node}`;
          return alert({ id: `alr_${index}`, rule, severity, labels, fingerprint, nodeId, flapping });
        });
        const conditions = alerts
          .filter((_, index) => drawn[index]?.holds)
          .map(({ rule, severity, labels, fingerprint, nodeId }) =>
            condition({ rule, severity, labels, fingerprint, nodeId }),
          );
        const plannedWork = alerts.flatMap(({ nodeId }, index) =>
          drawn[index]?.isWorkedOn && nodeId !== null ? [{ nodeId, runId: 'run_9' }] : [],
        );
        const look = sample(minutes(1), { conditions, plannedWork });
        const effect = applySample({ alerts, pending: [] }, look, policy);
        const after = new Map(alerts.map((each) => [each.id, each]));
        for (const each of [...effect.kept, ...effect.changed.map((change) => change.alert)]) after.set(each.id, each);
        const now = [...after.values()];
        for (const hidden of now) {
          const { mute } = hidden;
          if (mute.kind !== 'INHIBITED' || mute.by.startsWith('run:')) continue;
          expect(hidden.rule).not.toBe('own_work');
          const sources = now.filter(({ rule, signal, mute: own }) => {
            return rule === mute.by && signal === 'FIRING' && own.kind === 'NONE';
          });
          const explaining = sources.filter(
            ({ severity, fingerprint }) =>
              severities.indexOf(severity) <= severities.indexOf(hidden.severity) &&
              conditions.some((each) => each.fingerprint === fingerprint),
          );
          expect(explaining).not.toEqual([]);
        }
        const firing = now.filter(({ signal, flapping }) => signal === 'FIRING' && flapping?.quietSince == null);
        const hiddenByOthers = firing.filter(({ mute }) => mute.kind === 'INHIBITED' && !mute.by.startsWith('run:'));
        if (hiddenByOthers.length > 0) expect(firing.filter(({ mute }) => mute.kind === 'NONE')).not.toEqual([]);
      }),
    );
  });

  const chain = (links: Readonly<Record<string, readonly string[]>>): readonly RuleFacts[] =>
    Object.entries(links).map(([name, hidden]) => ({
      ...{ name, over: 'it is over', isInhibitedByRuns: false },
      inhibits: hidden.length === 0 ? null : { rules: hidden, because: `of ${name}` },
    }));
  const told = (links: Readonly<Record<string, readonly string[]>>, bad: Partial<Record<string, Severity>> = {}) => {
    const conditions = Object.keys(links).map((rule) =>
      condition({ rule, fingerprint: rule, severity: bad[rule] ?? 'HIGH' }),
    );
    const { opened } = applySample({ alerts: [], pending: [] }, sample(minutes(1), { conditions }), {
      times: defaultAlertTimes,
      rules: chain(links),
    });
    return opened.filter(({ mute }) => mute.kind === 'NONE').map((each) => each.condition.rule);
  };

  it.each([
    ['a chain, its head last', { b: ['c'], c: [], a: ['b'] }, ['c', 'a']],
    ['a chain, its head first', { a: ['b'], b: ['c'], c: [] }, ['a', 'c']],
    ['a chain of four', { c: ['d'], b: ['c'], a: ['b'], d: [] }, ['c', 'a']],
    ['two that explain each other', { a: ['b'], b: ['a'] }, ['a']],
    ['a circle of three', { a: ['b'], b: ['c'], c: ['a'] }, ['a', 'c']],
    ['a circle that another explains whole', { a: ['b'], b: ['a'], c: ['a', 'b'] }, ['c']],
    ['two that explain each other and a third', { a: ['b', 'c'], b: ['a', 'c'], c: [] }, ['a']],
  ])('leaves no one untold in %s', (_, links, expected) => {
    expect(told(links)).toEqual(expected);
  });

  it('keeps the worst of those that name each other, which is hidden by nothing', () => {
    expect(told({ a: ['b'], b: ['a'] }, { b: 'CRITICAL' })).toEqual(['b']);
  });

  it('leaves alone what was opened as never hidden by a version that had its rule', () => {
    const dark = alert({ id: 'alr_2', rule: 'all_dark', labels: {}, fingerprint: 'dark', nodeId: null });
    const unknown = alert({ rule: 'of_another_version', isNeverHidden: true });
    const conditions = [condition({ rule: 'all_dark', labels: {}, fingerprint: 'dark', nodeId: null })];
    const look = sample(minutes(1), { conditions });
    const { changed } = applySample({ alerts: [dark, unknown], pending: [] }, look, policy);
    expect(changed.filter(({ alert: each }) => each.mute.kind !== 'NONE')).toEqual([]);
  });

  it('is told again while its explanation comes and goes, and does not hold now', () => {
    const dark = alert({
      id: 'alr_2',
      rule: 'all_dark',
      labels: {},
      fingerprint: 'dark',
      nodeId: null,
      flapping: quietNow,
    });
    const lamp = alert({ mute: { kind: 'INHIBITED', by: 'all_dark', because: 'nobody sees the house' } });
    const effect = applySample(
      { alerts: [dark, lamp], pending: [] },
      sample(minutes(1), { conditions: [condition()] }),
      policy,
    );
    expect(
      effect.changed.map(({ alert: each, events }) => [each.id, ...events.map(({ type }) => type)]),
    ).toContainEqual(['alr_1', 'UNMUTED']);
  });

  it('is told beside it where the rule says so', () => {
    const source: RuleFacts = {
      ...{ name: 'source', over: 'it is over', isInhibitedByRuns: false },
      inhibits: { rules: 'others', sameNode: true, butNot: ['beside'], because: 'the source is loud' },
    };
    const others = ['beside', 'hidden'].map((name) => ({
      name,
      over: 'it is over',
      inhibits: null,
      isInhibitedByRuns: false,
    }));
    const alerts = ['source', 'beside', 'hidden'].map((rule) => alert({ id: `alr_${rule}`, rule, fingerprint: rule }));
    const conditions = alerts.map(({ rule, fingerprint }) => condition({ rule, fingerprint }));
    const effect = applySample({ alerts, pending: [] }, sample(minutes(1), { conditions }), {
      times: defaultAlertTimes,
      rules: [source, ...others],
    });
    const hidden = effect.changed.filter(({ alert: each }) => each.mute.kind === 'INHIBITED');
    expect(hidden.map(({ alert: each }) => each.rule)).toEqual(['hidden']);
  });

  it('is still hidden by a run, whatever its severity', () => {
    const lamp = alert({ severity: 'CRITICAL' });
    const look = sample(minutes(1), { conditions: [condition()], plannedWork: [{ nodeId: 'nod_1', runId: 'run_9' }] });
    expect(applySample({ alerts: [lamp], pending: [] }, look, policy).changed[0]?.alert.mute).toEqual(byRun);
  });
});
