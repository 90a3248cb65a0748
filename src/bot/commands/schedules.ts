import { type Actor, canSomewhere } from '../../domain/access.ts';
import type { Cluster } from '../../domain/cluster.ts';
import type { Schedule } from '../../domain/schedule.ts';
import { AppError } from '../../errors.ts';
import { pauseSchedule, resumeSchedule } from '../../runs/schedules/manage.ts';
import { scheduleTime } from '../../runs/schedules/may-fire.ts';
import { runScheduleNow } from '../../runs/schedules/run-now.ts';
import { whyNotFire } from '../../runs/schedules/why-not-fire.ts';
import { readWholeCalendar } from '../../store/reads/calendar.ts';
import { findVisibleClusters } from '../../store/reads/clusters.ts';
import { readNames } from '../../store/reads/names.ts';
import { findActors } from '../../store/reads/persons.ts';
import { firingsOfSchedules, listSchedules, openRunsOfSchedules } from '../../store/reads/schedules.ts';
import { wholeList } from '../../store/reads/visibility.ts';
import { ensureCard } from '../../store/slack/slack-cards.ts';
import type { Bot, BotCommand } from '../bot.ts';
import { findClusterByWord, readableBy } from '../resolve.ts';
import { notice, userErrorsNotice } from '../views/notices.ts';
import { type ScheduleLine, scheduleList } from '../views/schedules.ts';
import { code, date, type Message, safe } from '../views/text.ts';
import { closest } from './closest.ts';

const list: BotCommand = {
  spec: { verb: 'schedules', positional: [{ name: 'cluster', kind: 'word', isOptional: true }], flags: [] },
  summary: 'List what begins by itself, when next, and what became of the last time.',
  examples: ['schedules', 'schedules prod-eu'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, { actor, command }) {
    const word = command.words.get('cluster')?.[0];
    const cluster = word === undefined ? null : await findClusterByWord(bot.db, actor, word, { exact: false });
    const found = await listSchedules(bot.db, {
      visibility: readableBy(actor),
      filter: { clusterId: cluster?.id },
      page: wholeList,
    });
    return scheduleList(
      await linesOf(bot, { actor, schedules: found, isOne: cluster !== null }),
      cluster?.name ?? null,
    );
  },
};

type ToShow = { readonly actor: Actor; readonly schedules: readonly Schedule[]; readonly isOne: boolean };

/** One statement for each sort of thing, however many schedules there are. */
async function linesOf(bot: Bot, { actor, schedules, isOne }: ToShow): Promise<readonly ScheduleLine[]> {
  if (schedules.length === 0) return [];
  const { db } = bot;
  const visibility = readableBy(actor);
  const ids = schedules.map(({ id }) => id);
  const last = new Map(
    (await firingsOfSchedules(db, { scheduleIds: ids, limit: 1 })).map((firing) => [firing.scheduleId, firing]),
  );
  const runIds = [...last.values()].flatMap(({ runId }) => runId ?? []);
  const names = await readNames(db, { visibility, ids: runIds });
  const clusterIds = [...new Set(schedules.map(({ clusterId }) => clusterId))];
  const clusters = new Map(
    (await findVisibleClusters(db, { visibility, ids: clusterIds })).map((one) => [one.id, one]),
  );
  const personIds = schedules.flatMap(({ owner, approval }) => [
    owner.id,
    ...(approval === null ? [] : [approval.byId]),
  ]);
  const people = new Map((await findActors(db, personIds, 'SCHEDULE')).map((person) => [person.id, person]));
  const running = new Map((await openRunsOfSchedules(db, ids)).map((run) => [run.scheduleId, run]));
  const calendar = await readWholeCalendar(db);
  const at = await scheduleTime(bot.engine);
  return schedules.map((schedule) => {
    const operation = bot.operations.get(schedule.operation);
    const cluster = clusters.get(schedule.clusterId) ?? null;
    const may = whyNotFire(schedule, {
      ...{ at, operation, cluster, calendar },
      owner: people.get(schedule.owner.id) ?? null,
      approver: people.get(schedule.approval?.byId ?? '') ?? null,
      running: running.get(schedule.id) ?? null,
      approvalEnvironments: bot.engine.approvalEnvironments,
    });
    const newest = last.get(schedule.id) ?? null;
    return {
      schedule,
      title: operation?.title ?? schedule.operation,
      clusterName: isOne ? null : (cluster?.name ?? null),
      last: newest,
      lastRun: names.get(newest?.runId ?? '') ?? null,
      stopped: 'reason' in may ? may.reason : null,
    };
  });
}

const actions = ['run', 'pause', 'resume'] as const;
type Action = (typeof actions)[number];

const change: BotCommand = {
  spec: {
    verb: 'schedule',
    positional: [
      { name: 'action', kind: 'word', isOptional: false },
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'schedule', kind: 'word', isOptional: false },
      { name: 'note', kind: 'rest', isOptional: true },
    ],
    flags: [{ name: 'confirm', takesValue: true, isList: false }],
  },
  summary: 'Do now what a schedule does, keep it from firing, or let it fire again.',
  examples: [
    'schedule run prod-eu nightly',
    'schedule pause prod-eu nightly the disks are being moved',
    'schedule resume prod-eu nightly',
  ],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'schedule:manage'),
  access: 'linked',
  async run(bot, { ask, actor, command }) {
    const word = (name: string) => command.words.get(name)?.[0] ?? '';
    const action = actions.find((each) => each === word('action').toLowerCase());
    if (action === undefined) {
      throw new AppError('INVALID_INPUT', `${word('action')} is nothing that can be asked of a schedule`, {
        hint: 'It can be asked to run, pause or resume. Other changes are made over the API.',
      });
    }
    const cluster = await findClusterByWord(bot.db, actor, word('cluster'), { exact: true });
    const schedule = await findByWord(bot, { actor, cluster, word: word('schedule') });
    const note = command.words.get('note')?.[0] ?? null;
    const confirm = command.flags.get('confirm')?.[0] ?? null;
    const request = { actor, requestId: ask.id, comment: note };
    const channel = ask.channel ?? bot.settings.runChannel ?? ask.user;
    return decide(bot, { action, schedule, cluster, confirm, note, channel, request });
  },
};

type Decision = {
  readonly action: Action;
  readonly schedule: Schedule;
  readonly cluster: Cluster;
  readonly confirm: string | null;
  readonly note: string | null;
  /** Where the card of a run goes. */
  readonly channel: string;
  readonly request: { readonly actor: Actor; readonly requestId: string; readonly comment: string | null };
};

async function decide(
  bot: Bot,
  { action, schedule, cluster, confirm, note, channel, request }: Decision,
): Promise<Message> {
  const called = `${code(schedule.name, 64)} on ${code(cluster.name, 60)}`;
  switch (action) {
    case 'run': {
      const made = await runScheduleNow(bot.engine, { id: schedule.id, confirm }, request);
      if (made.userErrors.length > 0) return userErrorsNotice(made.userErrors, 'schedule run <cluster> <name>');
      if (made.run === null)
        return notice(
          `${called} only makes plans. Now it would do: ${safe(made.firing?.plan?.summary ?? 'nothing', 500)}`,
        );
      await ensureCard(bot.db, { kind: 'RUN', subjectId: made.run.id, channel });
      bot.wakeCards();
      return notice(`You asked ${called} to run now: R-${made.run.number} is ${safe(made.run.state, 30)}.`);
    }
    case 'pause': {
      if (note === null || note.trim().length < 3) {
        throw new AppError('INVALID_INPUT', 'A pause needs a reason', {
          hint: `Say why behind the name: /sr schedule pause ${cluster.name} ${schedule.name} the disks are being moved`,
        });
      }
      await pauseSchedule(bot.engine, { id: schedule.id, reason: note }, request);
      return notice(`You paused ${called}: ${safe(note, 300)}. Runs that were begun go on.`);
    }
    case 'resume': {
      const { slotAt } = await resumeSchedule(bot.engine, schedule.id, request);
      const next = slotAt === null ? 'It has no next time.' : `It fires next ${date(slotAt, 'day')}.`;
      return notice(`You resumed ${called}. ${next}`);
    }
    default:
      return action satisfies never;
  }
}

/** By its whole name, since something begins or does not begin by it. Throws `NOT_FOUND`. */
async function findByWord(bot: Bot, { actor, cluster, word }: { actor: Actor; cluster: Cluster; word: string }) {
  const all = await listSchedules(bot.db, {
    visibility: readableBy(actor),
    filter: { clusterId: cluster.id },
    page: wholeList,
  });
  const found = all.find(({ name }) => name === word);
  if (found !== undefined) return found;
  const names = all.map(({ name }) => name);
  const meant = closest(word, names);
  throw new AppError('NOT_FOUND', `${cluster.name} has no schedule ${word}`, {
    hint: meant === null ? `It has: ${names.slice(0, 20).join(', ') || 'none'}.` : `Did you mean ${meant}?`,
  });
}

export const scheduleCommands: readonly BotCommand[] = [list, change];
