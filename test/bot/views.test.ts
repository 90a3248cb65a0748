import type { ModalView } from '@slack/web-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMessage } from '../../sandbox/slack/blocks/message.ts';
import { noticeOf } from '../../sandbox/slack/blocks/notice.ts';
import { checkView } from '../../sandbox/slack/blocks/views.ts';
import { isObject, type JsonObject, parseJson } from '../../sandbox/slack/json.ts';
import { defaultSettings } from '../../sandbox/slack/settings.ts';
import { confirmForm } from '../../src/bot/forms/confirm-form.ts';
import { rejectForm } from '../../src/bot/forms/reject-form.ts';
import { alertCard, alertDetails, alertList } from '../../src/bot/views/alert-card.ts';
import { alertValue, readAlertValue } from '../../src/bot/views/alert-controls.ts';
import { automationLines, calendarView, heldWord } from '../../src/bot/views/calendar.ts';
import { clusterList, clusterStatus, runList } from '../../src/bot/views/clusters.ts';
import { decisionLine, voteLine } from '../../src/bot/views/decisions.ts';
import { helpIndex, helpOfVerb } from '../../src/bot/views/help.ts';
import { linkNotice, whoamiNotice } from '../../src/bot/views/identity.ts';
import { bugNotice, errorNotice, parseNotice, unlinkedNotice, userErrorsNotice } from '../../src/bot/views/notices.ts';
import { preview } from '../../src/bot/views/preview.ts';
import { refusalNotice } from '../../src/bot/views/refusals.ts';
import { readRunValue, readWithoutValue, runValue, withoutButtons } from '../../src/bot/views/run-buttons.ts';
import { runCard } from '../../src/bot/views/run-card.ts';
import { endLine } from '../../src/bot/views/run-sentences.ts';
import { code, type Message, plain, safe, safeLines } from '../../src/bot/views/text.ts';
import { explanationView } from '../../src/bot/views/why.ts';
import type { AlertHiding } from '../../src/domain/alert-hidings.ts';
import type { Calendar } from '../../src/domain/calendar.ts';
import { type RunState, runActions, runStates, stepStates } from '../../src/domain/run.ts';
import { explain, finding } from '../../src/domain/why/finding.ts';
import { AppError } from '../../src/errors.ts';
import { decisions } from '../../src/store/reads/decisions.ts';
import { alert, approval, at, hash, health, node, run, step, vote } from './builders.ts';
import { cardMessages } from './card-messages.ts';
import { faultsOf } from './message-faults.ts';
import { textsOf } from './shown.ts';

const opaque = ['clu', 'nod', 'hst', 'run', 'apr', 'per', 'sec'].map((kind) => `${kind}_01J${'0'.repeat(23)}`);

/** What comes from clusters, people and errors, at its worst. */
const extremes: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['3,000 characters', 'x'.repeat(3_000)],
  ['3,000 characters that grow when escaped', '<&>'.repeat(1_000)],
  ['emoji of several parts', '👩‍👩‍👧‍👦🏳️‍🌈é'.repeat(300)],
  ['a call to everybody', '<!channel> <!here> <!everyone> @channel'],
  ['a person, a group and a link', '<@U123ABC> <!subteam^S123ABC> <https://evil.example|click here>'],
  ['code and emphasis', '`*_~ ```rm -rf /``` `<!channel>`'],
  ['opaque ids', opaque.join(' ')],
  ['line breaks and control characters', 'one\ntwo\r\n\u0000\u0007\u202Ethree\u202C\u200B'],
];

/** Entries of every scope, on and to come, with this text wherever people type. */
function calendarWith(text: string): Calendar {
  const scopes = [
    { kind: 'all' },
    { kind: 'environment', environment: text },
    { kind: 'cluster', clusterId: text },
  ] as const;
  const common = { id: text, name: text, appliesTo: 'CHANGES', reason: text, ownerName: text } as const;
  const soon = new Date(at.getTime() + 86_400_000);
  return {
    windows: Array.from({ length: 30 }, (_, index) => ({
      ...common,
      scope: scopes[index % 3] ?? scopes[0],
      ...{ cron: '0 2 * * *', timeZone: 'Europe/Berlin', durationMinutes: 60 + index * 60 },
      hidesAlertsUpTo: index % 2 === 0 ? null : 'HIGH',
    })),
    blackouts: Array.from({ length: 30 }, (_, index) => ({
      ...common,
      scope: scopes[index % 3] ?? scopes[0],
      from: index % 2 === 0 ? at : soon,
      until: new Date(soon.getTime() + 60_000),
    })),
    holds: Array.from({ length: 30 }, (_, index) => ({
      ...{ id: text, reason: text, heldByName: text, heldAt: at, until: index % 2 === 0 ? null : soon },
      scope: index % 3 === 0 ? scopes[0] : scopes[2],
    })),
  };
}

/** Every message we can send, with this text wherever text comes from outside. */
function everyMessage(text: string): Record<string, Message> {
  const calendar = calendarWith(text);
  const failure = { code: 'COMMAND_FAILED' as const, message: text, hint: text, step: 0 };
  const check = {
    name: text,
    status: 'PASS' as const,
    severity: 'BLOCK' as const,
    observed: text,
    wanted: text,
    hint: text,
  };
  const plan = {
    operation: 'restartNode',
    operationVersion: 1,
    summary: text,
    notes: [text, text],
    generated: [],
    hash,
    steps: Array.from({ length: 50 }, () => ({
      kind: 'stop',
      title: text,
      params: {},
      about: { kind: 'node' as const, id: text, label: text },
      effect: 'takes-away' as const,
    })),
  };
  const steps = Array.from({ length: 50 }, (_, position) =>
    step({
      position,
      title: text,
      state: stepStates[position % stepStates.length] ?? 'pending',
      progress: { completed: 1, total: 4, message: text },
    }),
  );
  const states = [...stepStates, ...stepStates];
  const lane = (index: number) => ({ stage: text, name: `${index} ${text}`, width: 3 });
  const laneSteps = Array.from({ length: 200 }, (_, position) =>
    step({
      position,
      title: text,
      lane: lane(position >> 1),
      state: states[position % states.length] ?? 'pending',
      progress: { completed: 1, total: 4, message: text },
      failure: { ...failure, log: [text] },
      params: { toVersion: text },
    }),
  );
  const recovery = laneSteps
    .filter(({ state }) => state === 'failed')
    .map((broken, index) => ({
      ...broken,
      position: 200 + index,
      phase: 'recover' as const,
      undoOf: broken.position,
      state: stepStates[index % 3] ?? 'pending',
    }));
  const staged = {
    ...plan,
    steps: laneSteps.map(({ kind, title, params, about, effect, lane: at }) => ({
      kind,
      title,
      params,
      about,
      effect,
      ...(at === null ? {} : { lane: at }),
    })),
  };
  const logged = { ...failure, log: Array.from({ length: 40 }, () => text) };
  const bad = run({
    clusterName: text,
    requestedByName: text,
    reason: text,
    input: { [text]: text, list: [text, text] },
    plan,
    failure,
    postCheck: { passed: true, checks: [check, { ...check, status: 'FAIL' }, { ...check, status: 'SKIPPED' }] },
    finishedAt: at,
  });
  const card = (state: RunState) => ({
    run: { ...bad, state },
    steps,
    title: text,
    actions: runActions,
    withoutLanes: [1, 2, 3, 4].map((index) => `${index} ${text}`),
    approval: approval(),
    votes: [vote({ personName: text, comment: text }), vote({ personName: text, vote: 'DENY' })],
    decisions: decisions.map((action, id) => ({ id, action, by: text, comment: text, at })),
    names: new Map([[text, text]]),
    approvers: Array.from({ length: 60 }, () => ({ personId: 'per_9', name: text, slackUser: null })),
    blockedBy: 3,
    silentSince: at,
    receipt: null,
    mayRepeat: true,
  });
  const badAlert = alert({
    clusterName: text,
    title: text,
    text,
    labels: { node: text, [text]: text },
    handling: { kind: 'ACKED', byId: 'per_1', byName: text, at, until: at, reminded: false },
    flaps: 2,
    resolvedAt: at,
  });
  const badHiding: AlertHiding = {
    ...{ kind: 'SILENCE', name: text, covers: text, because: text, byName: text, since: at, until: null },
    ...{ untilWords: text, nodeId: null, alerts: [] },
  };
  const badHidings = Array.from({ length: 40 }, (_, index) => ({
    ...badHiding,
    alerts: index % 2 === 0 ? Array.from({ length: 20 }, () => badAlert) : [],
  }));
  const cluster = { name: text, environment: text, observedAt: at, problems: [text, text] };
  const nodes = Array.from({ length: 100 }, () =>
    node({ host: text, role: text, version: text, alive: false, errorMessage: text }),
  );
  const upgrade = { direction: 'UPGRADE' as const, fromVersion: text, toVersion: text, state: 'PAUSED' as const };
  const openUpgrades = Array.from({ length: 30 }, (_, runNumber) => ({ ...upgrade, runNumber }));
  const error = { code: 'INVALID_INPUT' as const, message: text, path: ['input', text], hint: text, retryable: false };
  const actor = {
    id: 'per_1',
    name: text,
    via: 'SLACK' as const,
    bindings: Array.from({ length: 60 }, () => ({
      role: 'ADMIN' as const,
      scope: { kind: 'environment' as const, environment: text },
    })),
  };
  const entry = { verb: text, usage: text, summary: text, examples: [text, text, text], allowed: true };
  const previewData = {
    title: text,
    clusterName: text,
    risk: 'destructive' as const,
    plan,
    reason: text,
    approvals: 2,
    irreversible: [text, text],
  };
  return {
    ...Object.fromEntries(runStates.map((state) => [`run card ${state}`, runCard(card(state))])),
    'run card without steps': runCard({ ...card('QUEUED'), steps: [] }),
    ...Object.fromEntries(
      (['AWAITING_APPROVAL', 'RUNNING', 'PAUSED', 'UNDOING', 'FAILED'] as const).map((state) => [
        `run card with lanes ${state}`,
        runCard({
          ...card(state),
          run: { ...bad, state, plan: staged, failure: logged, progress: { completed: 0, total: null, message: text } },
          steps: [...laneSteps, ...recovery],
        }),
      ]),
    ),
    'end line with lanes': {
      text: endLine({ ...card('FAILED'), steps: [...laneSteps, ...recovery] }, { requester: '<@U1KIM>' }),
    },
    'preview with lanes': preview({ ...previewData, plan: staged, draftId: null, asksForName: false }),
    'refusals of a preflight': refusalNotice(
      Array.from({ length: 30 }, () => ({
        ...error,
        message: `backup-fresh: ${text}; wanted: ${text}`,
        hint: `${text} If it is meant, put backup-fresh into acceptWarnings.`,
      })),
      { usage: text, again: () => text },
    ),
    'end line': { text: endLine(card('FAILED'), { requester: '<@U1KIM>' }) },
    'end line of a cancelled run': {
      text: endLine({ ...card('CANCELED'), run: { ...bad, state: 'CANCELED', failure: null } }, { requester: null }),
    },
    'line of a decision': { text: decisionLine({ id: 1, action: 'cancelRun', by: text, comment: text, at }) },
    'line of a vote': { text: voteLine(vote({ personName: text, comment: text })) },
    'preview with buttons': preview({ ...previewData, draftId: `cmd_${'0'.repeat(26)}`, asksForName: true }),
    'preview alone': preview({ ...previewData, plan: { ...plan, steps: [] }, draftId: null, asksForName: false }),
    ...cardMessages(text),
    'alert list': alertList(
      Array.from({ length: 60 }, () => badAlert),
      badHidings,
    ),
    'no alerts': alertList([], []),
    'no alerts, and what hides some': alertList([], badHidings),
    'alert details': alertDetails(
      badAlert,
      Array.from({ length: 100 }, () => ({ at, message: text, actorName: text })),
    ),
    clusters: clusterList(
      Array.from({ length: 100 }, () => ({
        cluster,
        nodes,
        openAlerts: 3,
        health: bruised(text),
        openUpgrades,
        held: heldWord(calendar, at),
      })),
    ),
    calendar: calendarView({ calendar, at, clusterName: text, names: new Map() }),
    'calendar of all': calendarView({ calendar, at, clusterName: null, names: new Map([[text, text]]) }),
    'empty calendar': calendarView({
      calendar: { windows: [], blackouts: [], holds: [] },
      at,
      clusterName: null,
      names: new Map(),
    }),
    'no clusters': clusterList([]),
    status: clusterStatus({
      cluster,
      nodes,
      openAlerts: 3,
      health: bruised(text),
      openUpgrades,
      held: heldWord(calendar, at),
      automationLines: automationLines(calendar, at),
      openRuns: [bad, bad],
      lastRun: bad,
      removedNodes: [],
      alertLines: [],
      hidings: badHidings,
      stopped: new Map(),
      workedOn: new Map([['nod_1', 12]]),
    }),
    runs: runList(Array.from({ length: 60 }, () => bad)),
    'no runs': runList([]),
    help: helpIndex(
      Array.from({ length: 60 }, () => entry),
      { isLinked: true },
    ),
    'help of a verb': helpOfVerb({ ...entry, allowed: false }),
    why: explanationView(
      explain(null, {
        decision: finding('DELIVERY', text, { by: text }),
        others: Array.from({ length: 60 }, () => finding('OVERRIDE', text, { by: text })),
      }),
      { about: text },
    ),
    whoami: whoamiNotice('U1KIM', actor),
    'whoami of a stranger': whoamiNotice(text === '' ? 'U1KIM' : text, null),
    link: linkNotice('ABCD-EFGH-JKLM-NPQR', actor),
    'parse failure': parseNotice({ problem: text, hint: text }),
    error: errorNotice(new AppError('NOT_FOUND', text, { hint: text })),
    'user errors': userErrorsNotice(
      Array.from({ length: 20 }, () => error),
      text,
    ),
    bug: bugNotice('cmd_1'),
    unlinked: unlinkedNotice(),
  };
}

function bruised(text: string) {
  const told = Array.from({ length: 40 }, () => text);
  const deduction = { name: text, points: 7, because: text, subject: text, alerts: ['A-7'], alsoTold: told };
  return health({
    score: 0,
    word: 'BAD',
    deductions: Array.from({ length: 40 }, () => deduction),
    unknown: told,
    plannedWork: told,
  });
}

/** As it goes over the wire. */
function wire(value: object): JsonObject {
  const parsed = parseJson(JSON.stringify(value));
  if (!isObject(parsed)) throw new Error('not an object');
  return parsed;
}

function received(message: Message) {
  const { text, blocks, attachments } = wire(message);
  const objects = (list: unknown) => (Array.isArray(list) ? list.filter(isObject) : null);
  const draft = { text: String(text), blocks: objects(blocks), attachments: objects(attachments), metadata: null };
  return checkMessage(draft, { settings: defaultSettings, isUpdate: true }).content;
}

describe.each(extremes)('with %s from outside', (_what, text) => {
  it.each(Object.entries(everyMessage(text)))('Slack takes the %s, and it calls nobody', (name, message) => {
    const content = received(message);
    const { users, groups, broadcasts } = noticeOf(content);
    const wanted = ['end line', 'end line with lanes', 'whoami'].includes(name) ? ['U1KIM'] : [];
    const stranger = name === 'whoami of a stranger' && text === '' ? ['U1KIM'] : [];
    expect({ users, groups, broadcasts }).toEqual({ users: [...wanted, ...stranger], groups: [], broadcasts: [] });
    expect(content.text.trim()).not.toBe('');
    expect(faultsOf(message)).toEqual([]);
    expect(textsOf(message).filter((said) => /(clu|nod|hst|run|apr|per|sec)_[0-9A-Z]{26}/.test(said))).toEqual([]);
  });
});

describe('forms', () => {
  it.each<[string, ModalView]>([
    ['that confirms', confirmForm(`cmd_${'0'.repeat(26)}`)],
    ['that denies', rejectForm(runValue(run()))],
  ])('Slack takes the one %s', (_name, view) => {
    expect(() => checkView(wire(view), { type: 'modal', settings: defaultSettings })).not.toThrow();
  });
});

describe('text from outside', () => {
  it('keeps within its length, and is cut neither inside an entity nor inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        for (const shown of [safe(text, max), safeLines(text, max), plain(text, max)]) {
          expect(shown.length).toBeLessThanOrEqual(max);
          expect(shown.isWellFormed()).toBe(text.isWellFormed() || shown.isWellFormed());
        }
        expect(safe(text, max)).not.toMatch(/[<>]|&(?!(amp|lt|gt);)/);
      }),
    );
  });

  it('cannot end the code it is shown in', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(code(text).slice(1, -1)).not.toContain('`');
      }),
    );
  });
});

describe('what a button carries', () => {
  it('is read back', () => {
    expect(readRunValue(runValue(run()))).toEqual({ runId: run().id, planHash: hash });
    expect(readAlertValue(alertValue(alert()))).toEqual({ alertId: alert().id, revision: 3 });
    const [button] = withoutButtons(run(), ['be 10.0.0.11:9050']);
    expect(readWithoutValue(button?.value ?? null)).toEqual({
      runId: run().id,
      planHash: hash,
      lane: 'be 10.0.0.11:9050',
    });
  });

  it.each([null, '', 'run_1 abc', `${run().id} ${hash} more`, `${run().id}\n${hash}`, `${alert().id} ${hash}`])(
    'is refused when it is %j',
    (value) => {
      expect(readRunValue(value)).toBeNull();
      if (value !== `${run().id} ${hash} more`) expect(readWithoutValue(value)).toBeNull();
      expect(readAlertValue(value)).toBeNull();
    },
  );
});

it('the message of an alert that a maintenance window hides says which one, until when, by whom and why', () => {
  const because = 'window "nights" until 2027-02-02 03:00 UTC, by ana: few people <!channel> work';
  const hidden = alert({
    severity: 'HIGH',
    mute: { kind: 'MAINTENANCE', by: 'window:win_1', because },
    hiddenSince: new Date(0),
  });
  const { text, attachments } = alertCard({ alert: hidden, mayRepeat: false, mutedByRun: null, runbook: null });
  expect(text).toContain('In maintenance by window "nights"');
  const shown = JSON.stringify(attachments).replaceAll('\\"', '"');
  expect(shown).toContain('*In maintenance*: window "nights" until 2027-02-02 03:00 UTC, by ana: few people');
  expect(shown).toContain('It is loud again when the window closes.');
  expect(shown).not.toContain('<!channel>');
});
