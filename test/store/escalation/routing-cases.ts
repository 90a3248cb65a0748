import { describe, expect, it } from 'vitest';
import { overrideOnCall } from '../../../src/store/escalation/on-call-overrides.ts';
import { removeRotation, setRotation } from '../../../src/store/escalation/rotations.ts';
import { removeRoute, setRoute } from '../../../src/store/escalation/routes.ts';
import { admin, operator } from '../../helpers/engine.ts';
import { by, type Lab, route } from './lab.ts';

/** Registers the tests. */
export function routingCases(lab: () => Lab): void {
  describe('who may change where alerts go', () => {
    it('leaves no CRITICAL alert of production without a channel or anybody', async () => {
      const { db } = lab().engine.ctx;
      await setRotation(db, lab().rotation(), by());
      const unsafe = { code: 'PRECONDITION_FAILED' };
      await expect(setRoute(db, route(), by(admin, null))).rejects.toMatchObject(unsafe);
      const nobody = route({ rotation: null, userGroup: null });
      await expect(setRoute(db, nobody, by())).rejects.toMatchObject(unsafe);
      const kept = await setRoute(db, route(), by());
      await expect(removeRoute(db, { id: kept.id, reason: 'not needed' }, by())).rejects.toMatchObject(unsafe);
      await expect(removeRotation(db, { name: 'dba', reason: 'not needed' }, by())).rejects.toMatchObject(unsafe);
      // A rotation of people whom nobody can reach is nobody: neither may a route name it, nor a route's become it.
      const alone = route({ userGroup: null });
      await expect(setRoute(db, alone, { ...by(), linkedNames: [] })).rejects.toMatchObject(unsafe);
      await setRoute(db, alone, by());
      await expect(setRotation(db, lab().rotation(), { ...by(), linkedNames: [] })).rejects.toMatchObject(unsafe);
      await setRotation(db, lab().rotation(), by());
      await setRoute(db, route(), by());
      // A route for less bad alerts alone takes nothing away; one for the cluster itself would.
      const scope = { kind: 'cluster', clusterId: lab().clusterId } as const;
      await expect(setRoute(db, { ...nobody, scope }, by())).rejects.toMatchObject(unsafe);
      const instead = await setRoute(db, route({ channel: 'C0OTHER' }), by());
      expect(instead.channel).toBe('C0OTHER');
      const rows = await db.selectFrom('alert_route').selectAll().orderBy('created_at').execute();
      expect(rows.map(({ open_key, ended_reason }) => [open_key !== null, ended_reason])).toEqual([
        [false, 'another one took its place'],
        [false, 'another one took its place'],
        [false, 'another one took its place'],
        [true, null],
      ]);
    });

    it('is an ADMIN; an OPERATOR may take a turn on call, and give it to nobody else', async () => {
      const { db } = lab().engine.ctx;
      await expect(setRotation(db, lab().rotation(), by(operator))).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await setRotation(db, lab().rotation(), by());
      await expect(setRoute(db, route(), by(operator))).rejects.toMatchObject({ code: 'FORBIDDEN' });
      const until = new Date(lab().clock.now().getTime() + 3_600_000);
      const tonight = {
        rotation: 'dba',
        personId: lab().persons[0] ?? '',
        from: null,
        until,
        reason: 'I take tonight',
      };
      await expect(overrideOnCall(db, tonight, by(operator))).rejects.toMatchObject({ code: 'FORBIDDEN' });
      const refused = await db
        .selectFrom('audit_event')
        .select(['action', 'outcome'])
        .where('outcome', '=', 'FORBIDDEN')
        .execute();
      expect(refused.map(({ action }) => action)).toEqual(['setOnCallRotation', 'setAlertRoute', 'overrideOnCall']);
    });
  });
}
