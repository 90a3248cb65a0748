import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertEventType, Severity } from '../../../src/domain/alert.ts';
import { type NextStep, nextStep, type StepFacts } from '../../../src/domain/escalation/next-step.ts';
import { escalationPolicies, kindOf, offsetOf } from '../../../src/domain/escalation/policy.ts';
import { unackedTime } from '../../../src/domain/escalation/unacked-time.ts';
import { acked, alert, minutes } from '../alert-builders.ts';

type Happening = readonly [AlertEventType, number];

const eventsOf = (happened: readonly Happening[]) =>
  happened.map(([type, at], index) => ({ id: index + 1, type, at: minutes(at) }));

type Given = {
  severity?: Severity;
  happened?: readonly Happening[];
  told?: number | null;
  done?: number;
  undelivered?: number;
  at: number;
  isAcked?: boolean;
  hours?: StepFacts['hours'];
};

function facts({ severity = 'CRITICAL', happened = [['OPENED', 0]], told = 0, ...given }: Given): StepFacts {
  const policy = escalationPolicies[severity];
  const handling = given.isAcked === true ? acked(60) : ({ kind: 'UNACKED' } as const);
  const time = unackedTime(alert({ severity, handling }), eventsOf(happened));
  if (policy === null || time === null) throw new Error('nothing is done about it');
  return {
    ...{
      policy,
      time,
      toldAt: told === null ? null : minutes(told),
      done: given.done ?? -1,
      undeliveredAt: given.undelivered === undefined ? null : minutes(given.undelivered),
      hours: given.hours ?? null,
    },
    at: minutes(given.at),
  };
}

const next = (given: Given) => inMinutes(nextStep(facts(given)));
const inMinutes = (step: NextStep) =>
  step.kind === 'WAITS'
    ? `waits ${step.step} at ${(step.at.getTime() - minutes(0).getTime()) / 60_000}`
    : step.kind === 'DUE'
      ? `due ${step.from}-${step.step}${step.isUntold ? ' untold' : ''}`
      : 'nothing';

/** What happens to an alert that nobody ever takes, looked at every quarter of a minute: at which minute which step. */
function course(severity: Severity, untilMinute: number, given: Partial<Given> = {}) {
  const taken: [number, string][] = [];
  let done = -1;
  for (let at = 0; at <= untilMinute; at += 0.25) {
    const step = nextStep(facts({ severity, done, at, ...given }));
    if (step.kind !== 'DUE') continue;
    const policy = escalationPolicies[severity];
    if (policy !== null) taken.push([at, kindOf(policy, step.step)]);
    done = step.step;
  }
  return taken;
}

describe('the table of escalation', () => {
  it('CRITICAL: at once, after 5 and 10 minutes, every 15 five times, then exhausted and hourly', () => {
    expect(course('CRITICAL', 240)).toEqual([
      [0, 'FIRST'],
      [5, 'STEP'],
      [10, 'STEP'],
      ...[25, 40, 55, 70, 85].map((at) => [at, 'REPEAT']),
      [100, 'EXHAUSTED'],
      [160, 'HOURLY'],
      [220, 'HOURLY'],
    ]);
  });

  it('HIGH: the card, after 15 and 30 minutes, every hour five times, then exhausted and no more', () => {
    expect(course('HIGH', 600)).toEqual([
      [0, 'FIRST'],
      [15, 'STEP'],
      [30, 'STEP'],
      ...[90, 150, 210, 270, 330].map((at) => [at, 'REPEAT']),
      [390, 'EXHAUSTED'],
    ]);
  });

  it('MEDIUM: the card, after an hour, every 24 hours three times', () => {
    const day = 24 * 60;
    expect(course('MEDIUM', 6 * day)).toEqual([
      [0, 'FIRST'],
      [60, 'STEP'],
      ...[1, 2, 3].map((days) => [60 + days * day, 'REPEAT']),
      [60 + 4 * day, 'EXHAUSTED'],
    ]);
  });

  it('MEDIUM calls people in working hours only, else at their next beginning', () => {
    const hours = { timeZone: 'UTC', days: [1, 2, 3, 4, 5], fromMinute: 540, untilMinute: 1_020 };
    // 12:00 on a Sunday; Monday at nine is 21 hours later.
    expect(next({ severity: 'MEDIUM', at: 1, done: 0, hours })).toBe(`waits 1 at ${21 * 60}`);
    expect(next({ severity: 'MEDIUM', at: 21 * 60, done: 0, hours })).toBe('due 1-1');
  });

  it('LOW has none', () => {
    expect(escalationPolicies.LOW).toBeNull();
  });

  it.each(['CRITICAL', 'HIGH', 'MEDIUM'] as const)('%s: offsets only grow', (severity) => {
    const policy = escalationPolicies[severity];
    const offsets = Array.from({ length: 30 }, (_, step) => (policy === null ? null : offsetOf(policy, step)));
    const known = offsets.filter((offset) => offset !== null);
    expect(known).toEqual(known.toSorted((a, b) => a - b));
    expect(new Set(known).size).toBe(known.length);
  });
});

describe('the clock begins when Slack confirmed it', () => {
  it('counts from there', () => {
    expect(next({ at: 1, done: 0, told: 0.5 })).toBe('waits 1 at 5.5');
    expect(next({ at: 5.5, done: 0, told: 0.5 })).toBe('due 1-1');
  });
  it('takes the next channel at once 60 s after it fired when it never was, and goes on from there', () => {
    expect(next({ at: 0.5, done: 0, told: null })).toBe('waits 1 at 1');
    expect(next({ at: 1, done: 0, told: null })).toBe('due 1-1 untold');
    expect(next({ at: 2, done: 1, told: null })).toBe('waits 2 at 6');
    // Slack confirms late: what was begun without it goes on.
    expect(next({ at: 4, done: 1, told: 3 })).toBe('waits 2 at 6');
  });
  it('gives HIGH and MEDIUM the time of their batch besides', () => {
    expect(next({ severity: 'HIGH', at: 1, done: 0, told: null })).toBe('waits 1 at 1.5');
    expect(next({ severity: 'MEDIUM', at: 1, done: 0, told: null })).toBe('waits 1 at 3');
  });
});

describe('the table of the states, as far as it moves the clock', () => {
  it.each<[string, Given, string]>([
    ['firing', { at: 2, done: 0 }, 'waits 1 at 5'],
    [
      'acknowledged: it stops',
      {
        at: 20,
        done: 0,
        isAcked: true,
        happened: [
          ['OPENED', 0],
          ['ACKED', 3],
        ],
      },
      'nothing',
    ],
    [
      'the acknowledgement ran out: it begins anew',
      {
        at: 80,
        happened: [
          ['OPENED', 0],
          ['ACKED', 3],
          ['ACK_RUNS_OUT', 63],
          ['ACK_EXPIRED', 78],
        ],
      },
      'due 0-0',
    ],
    [
      'and goes on from then',
      {
        at: 80,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['ACKED', 3],
          ['ACK_EXPIRED', 78],
        ],
      },
      'waits 1 at 83',
    ],
    [
      'taken back: it begins anew',
      {
        at: 9,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['ACKED', 3],
          ['UNACKED', 8],
        ],
      },
      'waits 1 at 13',
    ],
    [
      'resolved: it stops',
      {
        at: 20,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['RESOLVED', 4],
        ],
      },
      'nothing',
    ],
    [
      'fires again: it goes on from the time already used',
      {
        at: 7.5,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['RESOLVED', 4],
          ['REOPENED', 7],
        ],
      },
      'waits 1 at 8',
    ],
    [
      'fires again, and what is over by then is due',
      {
        at: 8.5,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['RESOLVED', 4],
          ['REOPENED', 7],
        ],
      },
      'due 1-1',
    ],
    [
      'an acknowledgement that has not run out stays when it fires again',
      {
        at: 60,
        done: 0,
        isAcked: true,
        happened: [
          ['OPENED', 0],
          ['ACKED', 1],
          ['RESOLVED', 4],
          ['REOPENED', 7],
        ],
      },
      'nothing',
    ],
    [
      'one that ran out meanwhile is gone: it begins anew',
      {
        at: 65,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['ACKED', 1],
          ['RESOLVED', 58],
          ['REOPENED', 63],
        ],
      },
      'waits 1 at 68',
    ],
    [
      'flapping: CRITICAL escalates all the same',
      {
        at: 12,
        done: 1,
        happened: [
          ['OPENED', 0],
          ['RESOLVED', 2],
          ['REOPENED', 3],
          ['FLAPPING', 4],
        ],
      },
      'due 2-2',
    ],
    [
      'flapping: HIGH does not',
      {
        severity: 'HIGH',
        at: 60,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['RESOLVED', 2],
          ['REOPENED', 3],
          ['FLAPPING', 4],
        ],
      },
      'nothing',
    ],
    [
      'worse: it begins anew',
      {
        at: 21,
        happened: [
          ['OPENED', 0],
          ['SEVERITY_ROSE', 20],
        ],
      },
      'due 0-0',
    ],
    [
      'worse: from now',
      {
        at: 21,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['SEVERITY_ROSE', 20],
        ],
      },
      'waits 1 at 25',
    ],
    [
      'less bad: nobody is called for it',
      {
        severity: 'HIGH',
        at: 20,
        happened: [
          ['OPENED', 0],
          ['SEVERITY_FELL', 20],
        ],
      },
      'waits 2 at 30',
    ],
    [
      'hidden: it stands still',
      {
        at: 60,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['MUTED', 3],
        ],
      },
      'nothing',
    ],
    [
      'shown again soon: it goes on',
      {
        at: 13.5,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['MUTED', 3],
          ['UNMUTED', 13],
        ],
      },
      'waits 1 at 15',
    ],
    [
      'shown again after a while: as if it fired for the first time',
      {
        at: 121,
        happened: [
          ['OPENED', 0],
          ['MUTED', 3],
          ['UNMUTED', 120],
        ],
      },
      'due 0-0',
    ],
    [
      'hidden from the beginning: it stands still',
      {
        at: 60,
        happened: [
          ['OPENED', 0],
          ['MUTED', 0],
        ],
      },
      'nothing',
    ],
    [
      'no data: it goes on',
      {
        at: 5,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['STALE', 2],
        ],
      },
      'due 1-1',
    ],
    [
      'resolved by hand and still firing: it goes on',
      {
        at: 9,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['RESOLVED_BY_HAND', 4],
          ['STILL_FIRING', 8],
        ],
      },
      'due 1-1',
    ],
    [
      'closed: nothing',
      {
        at: 40,
        done: 0,
        happened: [
          ['OPENED', 0],
          ['RESOLVED', 4],
          ['CLOSED', 19],
        ],
      },
      'nothing',
    ],
  ])('%s', (_, given, wanted) => {
    expect(next(given)).toBe(wanted);
  });

  it('one that comes and goes, however often, is escalated when nobody had it for five minutes in all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 600 }))), (turns) => {
        const happened: Happening[] = [['OPENED', 0]];
        let [at, used] = [0, 0];
        for (const [on, off] of turns) {
          happened.push(['RESOLVED', at + on / 60], ['REOPENED', at + (on + off) / 60]);
          at += (on + off) / 60;
          used += on / 60;
        }
        const wait = Math.max(0, 5 - used) + 0.001;
        const step = nextStep(facts({ happened, done: 0, at: at + wait }));
        expect(step.kind).toBe('DUE');
      }),
    );
  });
});

it('steps that became due while nobody could escalate are taken as one', () => {
  expect(next({ at: 60, done: 0 })).toBe('due 1-5');
  expect(next({ at: 60, done: 5 })).toBe('waits 6 at 70');
});

describe('when something of a step was delivered to nobody', () => {
  it('the next step is due a minute after that was found, and repeats keep their pace', () => {
    expect(next({ at: 6, done: 1 })).toBe('waits 2 at 10');
    expect(next({ at: 6, done: 1, undelivered: 5.5 })).toBe('waits 2 at 6.5');
    expect(next({ at: 6.5, done: 1, undelivered: 5.5 })).toBe('due 2-2');
    expect(next({ at: 12, done: 2, undelivered: 11 })).toBe('waits 3 at 25');
    expect(next({ severity: 'HIGH', at: 16, done: 1, undelivered: 15 })).toBe('waits 2 at 16.5');
  });

  it('nobody is called for an alert that somebody has', () => {
    expect(
      next({
        ...{ at: 60, done: 1, undelivered: 5, isAcked: true },
        happened: [
          ['OPENED', 0],
          ['ACKED', 6],
        ],
      }),
    ).toBe('nothing');
  });

  it('is never later than it would have been', () => {
    const given = fc.record({
      ...{ severity: fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM'), done: fc.integer({ min: -1, max: 12 }) },
      ...{ at: fc.integer({ min: 0, max: 600 }), undelivered: fc.integer({ min: 0, max: 600 }) },
    } as const);
    const moment = (step: NextStep, now: number) =>
      step.kind === 'DUE' ? now : step.kind === 'WAITS' ? (step.at.getTime() - minutes(0).getTime()) / 60_000 : null;
    fc.assert(
      fc.property(given, (each) => {
        const { undelivered, ...usual } = each;
        const [before, after] = [nextStep(facts(usual)), nextStep(facts(each))];
        const [was, is] = [moment(before, each.at), moment(after, each.at)];
        expect(is === null).toBe(was === null);
        if (was !== null && is !== null) expect(is).toBeLessThanOrEqual(was);
      }),
    );
  });
});

it('is never due twice, and due no later than asked for', () => {
  const moves = fc.array(
    fc.tuple(
      fc.constantFrom<AlertEventType>('RESOLVED', 'REOPENED', 'ACKED', 'UNACKED', 'MUTED', 'UNMUTED', 'SEVERITY_ROSE'),
      fc.integer({ min: 0, max: 30 }),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(moves, fc.integer({ min: 0, max: 300 }), (happenings, later) => {
      let at = 0;
      const happened: Happening[] = [['OPENED', 0]];
      for (const [type, after] of happenings) {
        at += after;
        happened.push([type, at]);
      }
      const first = nextStep(facts({ happened, at: at + later }));
      if (first.kind !== 'DUE') return;
      const second = nextStep(facts({ happened, at: at + later, done: first.step }));
      expect(second.kind).not.toBe('DUE');
      if (second.kind !== 'WAITS') return;
      const then = nextStep({ ...facts({ happened, at: 0, done: first.step }), at: second.at });
      expect(then).toMatchObject({ kind: 'DUE', step: second.step });
    }),
  );
});
