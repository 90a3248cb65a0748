import { describe, expect, it } from 'vitest';
import { acknowledgeAlert } from '../../../src/store/alerts/alert-handling.ts';
import { findAlert, writeAlertChange } from '../../../src/store/alerts/alerts.ts';
import { inTransaction } from '../../../src/store/database.ts';
import { advanceEscalation, listDueEscalations, wakeEscalations } from '../../../src/store/escalation/advance.ts';
import { escalateNow } from '../../../src/store/escalation/escalate-now.ts';
import { setRotation } from '../../../src/store/escalation/rotations.ts';
import { setRoute } from '../../../src/store/escalation/routes.ts';
import { eventsOfAlerts } from '../../../src/store/reads/alerts.ts';
import { callsOnGroup, stepsOfAlerts } from '../../../src/store/reads/escalations.ts';
import { insertCard } from '../../../src/store/slack/slack-cards.ts';
import { insertLine } from '../../../src/store/slack/slack-lines.ts';
import { operator } from '../../helpers/engine.ts';
import { by, type Lab, linkedNames, route } from './lab.ts';

/** Registers the tests. */
export function clockCases(lab: () => Lab): void {
  describe('an alert that nobody takes', () => {
    it('is escalated by the clock of the database, each step once, whoever looks and however often', async () => {
      const { db } = lab().engine.ctx;
      await setRotation(db, lab().rotation(), by());
      await setRoute(db, route({ managerGroup: 'S0BOSS' }), by());
      const id = await lab().open();
      await lab().turn();
      await lab().turn();
      expect(await lab().happened(id)).toEqual([expect.stringMatching(/^CALLED Called (pia|quin) \(on call\)$/)]);
      lab().pass(1.1);
      // Slack never confirmed it. Two look at the same time: one of them finds nothing to do.
      await Promise.all([lab().turn('one'), lab().turn('two'), lab().turn('three')]);
      expect((await lab().happened(id)).slice(1)).toEqual([
        expect.stringMatching(
          /^ESCALATED Slack has not confirmed A-\d+: escalated to the user group, the second channel$/,
        ),
      ]);
      lab().pass(5);
      await lab().turn();
      expect((await lab().happened(id)).slice(2)).toEqual([
        expect.stringMatching(/escalated to the second channel, (pia|quin) \(second on call\), the managers$/),
      ]);
      const steps = await stepsOfAlerts(db, [id]);
      expect(steps.map(({ step, kind }) => [step, kind])).toEqual([
        [0, 'FIRST'],
        [1, 'STEP'],
        [2, 'STEP'],
      ]);
      // Hours in which nobody could look are one step, not twelve.
      lab().pass(180);
      await lab().turn();
      await lab().turn();
      expect((await lab().happened(id)).slice(3)).toHaveLength(1);
      expect((await stepsOfAlerts(db, [id])).at(-1)).toMatchObject({ from: 3 });
    });

    it('is told elsewhere 60 s after it became worse, when Slack confirmed only what it was before', async () => {
      const { db } = lab().engine.ctx;
      await setRotation(db, lab().rotation(), by());
      await setRoute(db, route(), by());
      const id = await lab().open('HIGH');
      const cardId = await insertCard(db, { kind: 'ALERT', subjectId: id, channel: 'C0DEFAULT' });
      const { severity, rule: family } = { severity: 'HIGH', rule: 'nodes' };
      await db
        .insertInto('alert_delivery')
        .values({ alert_id: id, channel: 'C0DEFAULT', severity, family, card_id: cardId, told_at: lab().clock.now() })
        .execute();
      lab().pass(3);
      const alert = await findAlert(db, id);
      if (alert === null) throw new Error('gone');
      await inTransaction(db, (tx) =>
        writeAlertChange(tx, {
          alert: { ...alert, severity: 'CRITICAL' },
          events: [{ type: 'SEVERITY_ROSE', message: 'Worse' }],
        }),
      );
      await lab().turn();
      lab().pass(1.1);
      await lab().turn();
      expect((await lab().happened(id)).at(-1)).toMatch(/^ESCALATED Slack has not confirmed/);
      // Confirmed in time, it has its usual time.
      const other = await lab().open('HIGH');
      const otherCard = await insertCard(db, { kind: 'ALERT', subjectId: other, channel: 'C0DEFAULT' });
      await db
        .insertInto('alert_delivery')
        .values({
          alert_id: other,
          channel: 'C0DEFAULT',
          severity,
          family,
          card_id: otherCard,
          told_at: lab().clock.now(),
        })
        .execute();
      lab().pass(3);
      const second = await findAlert(db, other);
      if (second === null) throw new Error('gone');
      await inTransaction(db, (tx) =>
        writeAlertChange(tx, {
          alert: { ...second, severity: 'CRITICAL' },
          events: [{ type: 'SEVERITY_ROSE', message: 'Worse' }],
        }),
      );
      const events = await eventsOfAlerts(db, { alertIds: [other], limit: 100 });
      const rose = events.find(({ type }) => type === 'SEVERITY_ROSE');
      await insertLine(db, otherCard, { key: `event:${rose?.id}`, text: 'worse', broadcast: true });
      const sent = { ts: '1.1', sent_at: lab().clock.now(), state: 'SENT' };
      await db.updateTable('slack_line').set(sent).where('card_id', '=', otherCard).execute();
      lab().pass(1.1);
      await lab().turn();
      expect((await lab().happened(other)).at(-1)).toMatch(/^CALLED/);
    });

    it('is called for in the message of its group, where it has no thread of its own', async () => {
      const { db } = lab().engine.ctx;
      await setRotation(db, lab().rotation(), by());
      await setRoute(db, route(), by());
      const id = await lab().open();
      await lab().turn();
      const cardId = await insertCard(db, { kind: 'GROUP', subjectId: 'agr_one', channel: 'C0DEFAULT' });
      await db
        .insertInto('alert_delivery')
        .values({
          ...{ alert_id: id, channel: 'C0DEFAULT', severity: 'CRITICAL', family: 'nodes' },
          ...{ card_id: cardId, group_id: 'agr_one' },
        })
        .execute();
      expect((await callsOnGroup(db, 'agr_one')).map(({ event }) => event.type)).toEqual(['CALLED']);
      // One that has a message of its own has them there.
      const own = await insertCard(db, { kind: 'ALERT', subjectId: id, channel: 'C0DEFAULT' });
      await db.updateTable('alert_delivery').set({ card_id: own }).where('alert_id', '=', id).execute();
      expect(await callsOnGroup(db, 'agr_one')).toEqual([]);
    });

    it('is left alone once somebody has it, also when that happens between the look and the step', async () => {
      const { db } = lab().engine.ctx;
      await setRotation(db, lab().rotation(), by());
      await setRoute(db, route(), by());
      const id = await lab().open('HIGH');
      await lab().turn();
      lab().pass(40);
      await wakeEscalations(db);
      const due = await listDueEscalations(db, 10);
      expect(due).toEqual([id]);
      await acknowledgeAlert(db, { alertId: id, actor: operator, changed: () => {} });
      for (const each of due) await advanceEscalation(db, each, { holder: 'one', linkedNames });
      expect(await lab().happened(id)).toEqual([expect.stringContaining('ACKED')]);
      expect(await stepsOfAlerts(db, [id])).toMatchObject([{ step: 0 }]);
    });

    it('is escalated by another when who had claimed it died, and leaves nothing half done', async () => {
      const { db } = lab().engine.ctx;
      await setRotation(db, lab().rotation(), by());
      await setRoute(db, route(), by());
      const id = await lab().open();
      await wakeEscalations(db);
      // Claimed by somebody who never comes back.
      await db.updateTable('escalation').set({ claimed_by: 'dead', claimed_until: lab().clock.now() }).execute();
      lab().pass(0.1);
      await lab().turn('other');
      expect(await lab().happened(id)).toHaveLength(1);
      // Dies within the transaction: the event, the step and the delivery are there together or not at all.
      lab().pass(1.1);
      await setRoute(db, route(), by());
      const tooLong = JSON.stringify({ ...route().definition, secondChannel: `C${'X'.repeat(80)}` });
      await db.updateTable('alert_route').set({ definition: tooLong }).where('open_key', 'is not', null).execute();
      await wakeEscalations(db);
      await expect(advanceEscalation(db, id, { holder: 'one', linkedNames })).rejects.toThrow();
      expect(await lab().happened(id)).toHaveLength(1);
      expect(await db.selectFrom('escalation_delivery').selectAll().execute()).toEqual([]);
      expect(await stepsOfAlerts(db, [id])).toHaveLength(1);
      await setRoute(db, route(), by());
      lab().pass(0.5);
      await lab().turn('other');
      expect(await lab().happened(id)).toHaveLength(2);
    });

    it('goes to the next step at once where nobody is on call, and says so; without a route nobody is called', async () => {
      const { db } = lab().engine.ctx;
      const before = await lab().open();
      await lab().turn();
      expect(await lab().happened(before)).toEqual([]);
      await setRoute(db, route({ rotation: null }), by());
      await lab().turn();
      expect(await lab().happened(before)).toEqual([
        expect.stringMatching(/escalated to the user group, the second channel\. The route names no rotation$/),
      ]);
    });

    it('is escalated now because a person wants it, and not while it is hidden or over', async () => {
      const { db } = lab().engine.ctx;
      const id = await lab().open();
      const ask = { alertId: id, actor: operator, reason: 'two are down', linkedNames, changed: () => {} };
      await expect(escalateNow(db, ask)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      await setRoute(db, route({ rotation: null }), by());
      await escalateNow(db, ask);
      expect(await lab().happened(id)).toEqual([
        'ESCALATED kim escalated it to the user group, the second channel: two are down. The route names no rotation',
      ]);
      const alert = await findAlert(db, id);
      if (alert === null) throw new Error('gone');
      const mute = { kind: 'SILENCED', by: 'S-1', because: 'S-1' } as const;
      await inTransaction(db, (tx) =>
        writeAlertChange(tx, { alert: { ...alert, mute }, events: [{ type: 'MUTED', message: 'Silenced' }] }),
      );
      await expect(escalateNow(db, ask)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    });
  });
}
