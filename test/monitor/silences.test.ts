import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/domain/access.ts';
import { alertFingerprint, type Severity } from '../../src/domain/alert.ts';
import { defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { silenceState } from '../../src/domain/silence.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { disablePerson } from '../../src/store/access/people.ts';
import { assignAlert, noteAlert, resolveAlert } from '../../src/store/alerts/alert-decisions.ts';
import { acknowledgeAlert } from '../../src/store/alerts/alert-handling.ts';
import { createMaintenanceWindow, deleteMaintenanceWindow } from '../../src/store/calendar/windows.ts';
import { readDatabaseTime } from '../../src/store/database.ts';
import { claimProbe } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import { eventsOfAlerts, listAlerts } from '../../src/store/reads/alerts.ts';
import { previewHidingWindow } from '../../src/store/reads/hiding-windows.ts';
import { listSilences, previewSilence } from '../../src/store/reads/silences.ts';
import { approveSilence, createSilence, endSilence, extendSilence } from '../../src/store/silences/silences.ts';
import { noteWaiting } from '../../src/store/slack/alert-waiting.ts';
import { listSilencesWithoutCard, readSilenceEnd } from '../../src/store/slack/silence-cards.ts';
import { ensureCard } from '../../src/store/slack/slack-cards.ts';
import { admin, type Engine, operator, person, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
let made = 0;
const changed = () => {};
const labels = { node: 'be 10.0.0.11:9050' };
const everything = { rule: null, severities: null, labels: {} };

/** Of which alerts people would be told now. */
async function waiting(): Promise<readonly string[]> {
  const { db } = engine.ctx;
  await noteWaiting(db, { route: () => 'C1', familyOf: (rule) => rule });
  const rows = await db.selectFrom('alert_delivery').select('alert_id').where('waits_since', 'is not', null).execute();
  return rows.map((row) => row.alert_id);
}

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.close());
beforeEach(async () => {
  made += 1;
  clusterId = await engine.addCluster(`cluster-${made}`, 'prod');
});

const by = (actor: Actor) => ({ actor, requestId: null, approvalEnvironments: ['prod'] });
const inHours = async (hours: number) =>
  new Date((await readDatabaseTime(engine.ctx.db)).getTime() + hours * 3_600_000);

/** A look at the cluster that finds one backend down, or well. */
async function look({ isDown, severity = 'CRITICAL' }: { isDown: boolean; severity?: Severity }): Promise<void> {
  const { db } = engine.ctx;
  const claim = await claimProbe(db, { clusterId, holder: 'me', claimMs: 10_000, nextInMs: 0 });
  if (claim === null) throw new Error('the look is not due');
  const condition = {
    ...({ rule: 'node_down', severity, nodeId: null, labels } as const),
    fingerprint: alertFingerprint({ clusterId, rule: 'node_down', labels }),
    title: 'be 10.0.0.11:9050 is down',
    pastTitle: 'be 10.0.0.11:9050 was down',
    text: ['It is not alive.'],
    ...{ startedAt: null, forMs: 0, minSamples: 1 },
  };
  const sample = { conditions: isDown ? [condition] : [], unjudged: [], plannedWork: [] };
  const outcome = { durationMs: 5, ok: true, problem: null, leader: null, nodes: [], sample };
  await recordSample(db, { claim, outcome, look: null, policy: { times: defaultAlertTimes, rules } });
}

async function theAlert() {
  const filter = { clusterId };
  const [alert] = await listAlerts(engine.ctx.db, {
    visibility: 'everywhere',
    filter,
    page: { limit: 1, after: null },
  });
  if (alert === undefined) throw new Error('no alert was opened');
  return alert;
}

const lastEvent = async (alertId: string) =>
  (await eventsOfAlerts(engine.ctx.db, { alertIds: [alertId], limit: 1 })).map(({ type, message }) => [type, message]);

const audit = async () =>
  (await engine.ctx.db.selectFrom('audit_event').selectAll().where('cluster_id', '=', clusterId).execute()).map(
    ({ action, actor_name, outcome }) => [action, actor_name, outcome],
  );

describe('a silence', () => {
  const scope = () => ({ kind: 'cluster', clusterId }) as const;

  it('hides an alert from the next look on, and shows it again when it ends, as if it were new', async () => {
    const { db } = engine.ctx;
    const until = await inHours(2);
    const matchers = { ...everything, labels };
    const silence = await createSilence(
      db,
      { scope: scope(), matchers, until, reason: 'its disk is changed' },
      by(operator),
    );
    expect(silence).toMatchObject({ needsSecond: false, createdBy: { name: 'kim' }, until });
    await look({ isDown: true });
    const hidden = await theAlert();
    expect(hidden).toMatchObject({ signal: 'FIRING', mute: { kind: 'SILENCED', by: `S-${silence.number}` } });
    expect(hidden.mute).toMatchObject({ because: expect.stringContaining('by kim until') });
    expect(hidden.mute).toMatchObject({ because: expect.stringContaining(': its disk is changed') });
    expect(await waiting()).not.toContain(hidden.id);
    await acknowledgeAlert(db, { alertId: hidden.id, actor: operator, changed });

    await endSilence(db, { id: silence.id, comment: 'done' }, by(admin));
    await look({ isDown: true });
    const told = await theAlert();
    expect(told).toMatchObject({ mute: { kind: 'NONE' }, hiddenSince: null, handling: { kind: 'UNACKED' } });
    expect(await lastEvent(told.id)).toEqual([
      ['UNMUTED', expect.stringMatching(new RegExp(`^Was hidden \\d+ s by S-${silence.number}; it still fires$`))],
    ]);
    expect(await waiting()).toContain(told.id);
    expect(await audit()).toEqual([
      ['createSilence', 'kim', 'DONE'],
      ['acknowledgeAlert', 'kim', 'DONE'],
      ['endSilence', 'ana', 'DONE'],
    ]);
  });

  it('ends by itself at its time, by the clock of the database', async () => {
    const { db } = engine.ctx;
    const wanted = { scope: scope(), matchers: { ...everything, labels }, until: await inHours(1), reason: 'short' };
    const silence = await createSilence(db, wanted, by(operator));
    await look({ isDown: true });
    await db
      .updateTable('silence')
      .set({ until_at: await inHours(-1) })
      .where('id', '=', silence.id)
      .execute();
    await look({ isDown: true });
    expect((await theAlert()).mute).toEqual({ kind: 'NONE' });
    const listed = async (ended: boolean) =>
      (await listSilences(db, { visibility: 'everywhere', ended })).map(({ id }) => id);
    expect(await listed(false)).not.toContain(silence.id);
    expect(await listed(true)).toContain(silence.id);
  });

  it('is told to end soon once, while something that it hides fires, and is extended by another one', async () => {
    const { db } = engine.ctx;
    const until = await inHours(1);
    const wanted = { scope: scope(), matchers: { ...everything, labels }, until, reason: 'its disk is changed' };
    const silence = await createSilence(db, wanted, by(operator));
    const before = (minutes: number) => new Date(until.getTime() - minutes * 60_000);
    const toTell = async (minutes: number) =>
      (await listSilencesWithoutCard(db, before(minutes)))
        .filter((end) => end.silence.id === silence.id)
        .map(({ firing }) => firing.length);
    await look({ isDown: false });
    expect(await toTell(9)).toEqual([]);
    await look({ isDown: true });
    expect([await toTell(11), await toTell(10), await toTell(1)]).toEqual([[], [1], [1]]);
    await ensureCard(db, { kind: 'SILENCE', subjectId: silence.id, channel: 'C1' });
    expect(await toTell(9)).toEqual([]);

    // Two clicks at once: one silence more, by the rights of who asks for it.
    const longer = { id: silence.id, byMs: 3_600_000 };
    const guest = person('gus', 'VIEWER');
    await expect(extendSilence(db, longer, by(guest))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const made = await Promise.all([extendSilence(db, longer, by(admin)), extendSilence(db, longer, by(operator))]);
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made[0]).toMatchObject({ matchers: wanted.matchers, needsSecond: false, reason: wanted.reason });
    expect(made[0]?.until).toEqual(new Date(until.getTime() + 3_600_000));
    expect(await readSilenceEnd(db, silence.id, before(9))).toMatchObject({ stage: 'EXTENDED', firing: [] });
    await endSilence(db, { id: silence.id, comment: null }, by(admin));
    await look({ isDown: true });
    expect((await theAlert()).mute).toMatchObject({ by: `S-${made[0]?.number}` });
    // It has an end of its own, of which people are told.
    const again = new Date(until.getTime() + 51 * 60_000);
    const told = await listSilencesWithoutCard(db, again);
    expect(told.map((end) => end.silence.number)).toContain(made[0]?.number);
    expect((await audit()).map(([action, , outcome]) => [action, outcome])).toEqual([
      ['createSilence', 'DONE'],
      ['createSilence', 'FORBIDDEN'],
      ['createSilence', 'DONE'],
      ['endSilence', 'DONE'],
    ]);
  });

  it('to which a second person had to agree is extended only once one agrees again', async () => {
    const { db } = engine.ctx;
    const wanted = { scope: scope(), matchers: everything, until: await inHours(1), reason: 'moving house' };
    const silence = await createSilence(db, wanted, by(operator));
    const longer = { id: silence.id, byMs: 3_600_000 };
    await expect(extendSilence(db, longer, by(operator))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await approveSilence(db, { id: silence.id, comment: null }, by(admin));
    const next = await extendSilence(db, longer, by(admin));
    const now = await inHours(0);
    expect([next.needsSecond, silenceState(next, now)]).toEqual([true, 'PENDING']);
    expect(await readSilenceEnd(db, silence.id, now)).toMatchObject({ stage: 'WAITS', extension: { id: next.id } });
    await endSilence(db, { id: silence.id, comment: null }, by(admin));
    await endSilence(db, { id: next.id, comment: null }, by(admin));
    await expect(extendSilence(db, longer, by(operator))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('that would hide CRITICAL alerts of a whole production cluster does nothing until a second person agrees', async () => {
    const { db } = engine.ctx;
    const wanted = { scope: scope(), matchers: everything, until: await inHours(1), reason: 'moving house' };
    const silence = await createSilence(db, wanted, by(operator));
    const now = await inHours(0);
    expect([silence.needsSecond, silenceState(silence, now)]).toEqual([true, 'PENDING']);
    await look({ isDown: true });
    expect((await theAlert()).mute).toEqual({ kind: 'NONE' });
    await expect(approveSilence(db, { id: silence.id, comment: null }, by(operator))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const agreed = await approveSilence(db, { id: silence.id, comment: null }, by(admin));
    expect(agreed).toMatchObject({ approvedBy: { name: 'ana' } });
    expect(await approveSilence(db, { id: silence.id, comment: null }, by(admin))).toEqual(agreed);
    await look({ isDown: true });
    expect((await theAlert()).mute).toMatchObject({
      kind: 'SILENCED',
      because: expect.stringContaining('by kim and ana'),
    });
    await endSilence(db, { id: silence.id, comment: null }, by(admin));
    await expect(approveSilence(db, { id: silence.id, comment: null }, by(admin))).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
  });

  it('says before what it hides now and would have hidden in the last 7 days', async () => {
    const { db } = engine.ctx;
    const preview = (matchers: typeof everything) =>
      previewSilence(db, { visibility: 'everywhere', scope: scope(), matchers });
    await look({ isDown: true });
    const { id } = await theAlert();
    expect(await preview(everything)).toMatchObject({ open: [{ id }], lastWeek: [], neverHidden: [], isCut: false });
    await look({ isDown: false });
    expect(await preview(everything)).toMatchObject({ open: [], lastWeek: [{ id }] });
    await db.updateTable('alert').set({ never_hidden: 1 }).where('id', '=', id).execute();
    expect(await preview(everything)).toMatchObject({ open: [], lastWeek: [], neverHidden: [{ id }] });
    await db
      .updateTable('alert')
      .set({ last_seen_at: await inHours(-8 * 24) })
      .where('id', '=', id)
      .execute();
    expect(await preview(everything)).toMatchObject({ open: [], lastWeek: [], neverHidden: [] });
    const blind = { environments: [], clusterIds: [] };
    expect(await previewSilence(db, { visibility: blind, scope: { kind: 'all' }, matchers: everything })).toMatchObject(
      { open: [] },
    );
  });

  it('is refused without rights, a reason or an end, and for a cluster that one may not see', async () => {
    const { db } = engine.ctx;
    const wanted = { scope: scope(), matchers: { ...everything, labels }, until: await inHours(1), reason: 'a reason' };
    const viewer = person('vic', 'VIEWER');
    await expect(createSilence(db, wanted, by(viewer))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await audit()).toEqual([['createSilence', 'vic', 'FORBIDDEN']]);
    const late = { ...wanted, until: await inHours(31 * 24) };
    await expect(createSilence(db, late, by(operator))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(createSilence(db, { ...wanted, reason: ' ' }, by(operator))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    const outsider = {
      ...admin,
      bindings: [{ role: 'ADMIN', scope: { kind: 'environment', environment: 'dev' } }],
    } as const;
    await expect(createSilence(db, wanted, by(outsider))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('an alert', () => {
  it('that is resolved by hand is open again when the next look finds that it still fires', async () => {
    const { db } = engine.ctx;
    await look({ isDown: true });
    const { id } = await theAlert();
    const done = await resolveAlert(db, { alertId: id, actor: operator, note: 'the host is gone', changed });
    expect(done).toMatchObject({ signal: 'RESOLVED', resolvedBy: { name: 'kim', isConfirmed: false } });
    expect(done.text).toMatch(/^kim resolved it by hand at .*: the host is gone\. What was said while it fired: /);
    await expect(resolveAlert(db, { alertId: id, actor: operator, note: 'twice', changed })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await look({ isDown: true });
    expect(await theAlert()).toMatchObject({ id, signal: 'FIRING', resolvedBy: null });
    expect(await lastEvent(id)).toEqual([
      ['STILL_FIRING', expect.stringMatching(/^Still firing: kim resolved it by hand/)],
    ]);
    await resolveAlert(db, { alertId: id, actor: operator, note: 'now it is', changed });
    await look({ isDown: false });
    expect(await theAlert()).toMatchObject({ id, signal: 'RESOLVED', resolvedBy: { isConfirmed: true } });
  });

  it("is nobody's once the person who had it may not log in any more", async () => {
    const { db } = engine.ctx;
    await look({ isDown: true });
    const { id } = await theAlert();
    const left = person('lea', 'OPERATOR');
    await db
      .insertInto('person')
      .values({ id: left.id, name: left.name, created_at: await inHours(0), disabled_at: null })
      .execute();
    await acknowledgeAlert(db, { alertId: id, actor: left, forMs: 6 * 86_400_000, changed });
    await disablePerson(db, left.id, { actor: admin, requestId: null });
    expect(await theAlert()).toMatchObject({ handling: { kind: 'UNACKED' }, assignee: null });
    expect(await lastEvent(id)).toEqual([['UNACKED', 'lea may not log in any more; nobody handles it']]);
  });

  it('is given to a person who may handle it, and gets notes, each in its history and in the audit log', async () => {
    const { db } = engine.ctx;
    await look({ isDown: true });
    const { id } = await theAlert();
    await db
      .insertInto('person')
      .values({ id: 'per_ida', name: 'ida', created_at: await inHours(0), disabled_at: null })
      .execute();
    const give = (personId: string | null) => assignAlert(db, { alertId: id, actor: operator, personId, changed });
    await expect(give('per_nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(give('per_ida')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await db
      .insertInto('role_binding')
      .values({ person_id: 'per_ida', role: 'OPERATOR', scope_kind: 'cluster', scope_value: clusterId })
      .execute();
    expect(await give('per_ida')).toMatchObject({
      assignee: { id: 'per_ida', name: 'ida' },
      handling: { kind: 'UNACKED' },
    });
    expect(await lastEvent(id)).toEqual([['ASSIGNED', 'kim gave it to ida']]);
    const { revision } = await give('per_ida');
    await noteAlert(db, { alertId: id, actor: admin, note: 'the rack has no power', changed });
    expect(await lastEvent(id)).toEqual([['NOTED', 'ana: the rack has no power']]);
    expect((await theAlert()).revision).toBe(revision + 1);
    expect(await give(null)).toMatchObject({ assignee: null });
    expect(await audit()).toEqual([
      ['assignAlert', 'kim', 'DONE'],
      ['noteAlert', 'ana', 'DONE'],
      ['assignAlert', 'kim', 'DONE'],
    ]);
  });
});

describe('a maintenance window that hides alerts', () => {
  /** Open since two minutes, by the clock of the database, and for ten. */
  const window = async (upTo: 'LOW' | 'MEDIUM' | 'HIGH' | null) => {
    const opened = new Date((await inHours(0)).getTime() - 120_000);
    return {
      ...({
        name: `now-${made}`,
        scope: { kind: 'cluster', clusterId },
        appliesTo: 'CHANGES',
        timeZone: 'UTC',
      } as const),
      ...{ cron: `${opened.getUTCMinutes()} ${opened.getUTCHours()} * * *`, durationMinutes: 10 },
      ...{ hidesAlertsUpTo: upTo, reason: 'disks are moved' },
    };
  };

  it('hides by the clock of the database while it is open, tells what is worse, and tells the rest when it is deleted', async () => {
    const { db } = engine.ctx;
    const made = await createMaintenanceWindow(db, await window('HIGH'), by(operator));
    await look({ isDown: true, severity: 'HIGH' });
    const hidden = await theAlert();
    const called = `window "${made.name}"`;
    expect(hidden.mute).toMatchObject({ kind: 'MAINTENANCE', by: `window:${made.id}` });
    expect(hidden.mute).toMatchObject({ because: expect.stringMatching(`^${called} until .* UTC, by kim: disks`) });
    expect(await waiting()).not.toContain(hidden.id);
    const preview = await previewHidingWindow(db, { visibility: 'everywhere', scope: made.scope, upTo: 'MEDIUM' });
    expect(preview).toMatchObject({ hidden: [], loud: [{ id: hidden.id }], isCut: false });

    await look({ isDown: true, severity: 'CRITICAL' });
    expect(await theAlert()).toMatchObject({ severity: 'CRITICAL', mute: { kind: 'NONE' } });
    expect(await waiting()).toContain(hidden.id);
    await look({ isDown: true, severity: 'HIGH' });
    expect((await theAlert()).mute.kind).toBe('MAINTENANCE');

    await deleteMaintenanceWindow(db, made.id, by(operator));
    await look({ isDown: true, severity: 'HIGH' });
    expect(await theAlert()).toMatchObject({
      mute: { kind: 'NONE' },
      hiddenSince: null,
      handling: { kind: 'UNACKED' },
    });
    expect(await lastEvent(hidden.id)).toEqual([
      ['UNMUTED', expect.stringMatching(`^Was hidden \\d+ s by ${called}; it still fires$`)],
    ]);
    expect(await audit()).toContainEqual(['createMaintenanceWindow', 'kim', 'DONE']);
  });

  it('hides nothing where nobody said so, where it covers another cluster, or where its row cannot be read', async () => {
    const { db } = engine.ctx;
    const quiet = await createMaintenanceWindow(db, { ...(await window(null)), name: 'loud' }, by(operator));
    expect(quiet.hidesAlertsUpTo).toBeNull();
    await createMaintenanceWindow(
      db,
      {
        ...(await window('HIGH')),
        scope: { kind: 'cluster', clusterId: await engine.addCluster(`else-${made}`, 'prod') },
      },
      by(operator),
    );
    const damaged = await createMaintenanceWindow(db, await window('HIGH'), by(operator));
    const damage = (hides: string, appliesTo = 'CHANGES') =>
      db
        .updateTable('maintenance_window')
        .set({ hides_alerts_up_to: hides, applies_to: appliesTo })
        .where('id', '=', damaged.id)
        .execute();
    for (const [hides, appliesTo] of [['CRITICAL'], ['EVEN_WORSE'], ['HIGH', 'NOBODY_KNOWS']] as const) {
      await damage(hides, appliesTo);
      await look({ isDown: true, severity: 'LOW' });
      expect((await theAlert()).mute).toEqual({ kind: 'NONE' });
    }
    await damage('HIGH');
    await look({ isDown: true, severity: 'LOW' });
    expect((await theAlert()).mute.kind).toBe('MAINTENANCE');
    await db.deleteFrom('maintenance_window').where('id', 'in', [quiet.id, damaged.id]).execute();
  });

  it('is refused to whoever may not silence, and shows nobody an alert that they may not see', async () => {
    const { db } = engine.ctx;
    const viewer = person('vic', 'VIEWER');
    await expect(createMaintenanceWindow(db, await window('LOW'), by(viewer))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await look({ isDown: true, severity: 'LOW' });
    const nobody = { environments: [], clusterIds: [] };
    expect(await previewHidingWindow(db, { visibility: nobody, scope: { kind: 'all' }, upTo: 'HIGH' })).toMatchObject({
      ...{ hidden: [], loud: [] },
    });
  });
});
