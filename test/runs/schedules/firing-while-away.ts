import { describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/domain/access.ts';
import { AppError } from '../../../src/errors.ts';
import { findSchedule } from '../../../src/store/schedules/schedules.ts';
import type { ScheduleLab } from './schedule-lab.ts';

type Firing = {
  readonly lab: () => ScheduleLab;
  readonly owner: () => Actor;
  readonly fireAt: (text: string) => Promise<void>;
};

/** What becomes of the times of a schedule while its cluster does not answer, in the lab of whoever calls this. */
export function firingWhileAway({ lab, owner, fireAt }: Firing): void {
  describe('a cluster that does not answer', () => {
    const away = new AppError('SQL_UNREACHABLE', 'No frontend answers', { retryable: true });

    it('is asked again, and the run that comes of it says for how long that took', async () => {
      const id = await lab().schedule({ owner: owner() });
      lab().whenObserved = async () => {
        throw away;
      };
      await fireAt('05T02:00');
      await fireAt('05T02:00');
      expect(await lab().firings(id)).toEqual([]);
      expect(await findSchedule(lab().db, id)).toMatchObject({
        slotAt: new Date('2027-01-05T02:00:00Z'),
        retry: { since: new Date('2027-01-05T02:00:00Z'), message: 'No frontend answers' },
      });
      await fireAt('05T02:30');
      lab().whenObserved = async () => {};
      await fireAt('05T03:00');
      expect(await lab().rowOf(id)).toMatchObject([
        {
          outcome: 'STARTED',
          slotAt: new Date('2027-01-05T02:00:00Z'),
          note: 'Tried for 60 min before: No frontend answers',
        },
      ]);
      expect(await findSchedule(lab().db, id)).toMatchObject({ retry: null });
    });

    it.each([
      ['two hours later', '0 2 * * *', '05T04:00'],
      ['before the next time', '*/15 * * * *', '05T01:29'],
    ])('is given up %s', async (_when, cron, lastTry) => {
      const id = await lab().schedule({ owner: owner(), cron });
      const first = cron.startsWith('0') ? '05T02:00' : '05T01:15';
      lab().whenObserved = async () => {
        throw away;
      };
      await fireAt(first);
      expect(await lab().firings(id)).toEqual([]);
      await fireAt(lastTry);
      expect(await lab().firings(id)).toEqual([`01-${first} REFUSED REFUSED`]);
    });

    it('is asked again even where missed times are skipped', async () => {
      const id = await lab().schedule({ owner: owner(), whenMissed: 'SKIP' });
      lab().whenObserved = async () => {
        throw away;
      };
      for (let minute = 0; minute < 20; minute += 1) await fireAt(`05T02:${String(minute).padStart(2, '0')}`);
      lab().whenObserved = async () => {};
      await fireAt('05T02:20');
      expect(await lab().firings(id)).toEqual(['01-05T02:00 STARTED']);
    });

    it('is not asked again for a refusal that will not pass', async () => {
      const id = await lab().schedule({ owner: owner() });
      lab().whenObserved = async () => {
        throw new AppError('PRECONDITION_FAILED', 'It has shared data', { hint: 'Use snapshots.' });
      };
      await fireAt('05T02:00');
      expect(await lab().rowOf(id)).toMatchObject([
        { outcome: 'REFUSED', reason: { code: 'REFUSED', message: 'It has shared data' } },
      ]);
    });
  });
}
