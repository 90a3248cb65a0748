import type { QueryResult, RootOperationNode } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { advanceEscalation, listDueEscalations, wakeEscalations } from '../../../src/store/escalation/advance.ts';
import { claimWebhook, listDueWebhooks, recordWebhook } from '../../../src/store/escalation/deliveries.ts';
import { setRotation } from '../../../src/store/escalation/rotations.ts';
import { setRoute } from '../../../src/store/escalation/routes.ts';
import { saveRefusedPlace } from '../../../src/store/escalation/undelivered.ts';
import { stepsOfAlerts } from '../../../src/store/reads/escalations.ts';
import { listPlacesWithoutCard } from '../../../src/store/slack/escalation-cards.ts';
import { claimCard, insertCard } from '../../../src/store/slack/slack-cards.ts';
import { by, type Lab, linkedNames, route } from './lab.ts';

/** More statements than any of this takes. */
const most = 80;

/** Registers the tests. */
export function deathCases(lab: () => Lab): void {
  /** Whoever uses it dies at the statement after so many. */
  function mortal(statements: number): Database {
    let left = statements;
    return lab().db.withPlugin({
      transformQuery: ({ node }): RootOperationNode => {
        if (left === 0) throw new Error('dead');
        left -= 1;
        return node;
      },
      transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => result,
    });
  }

  /** Does the work once for each statement in which it can die, until it lives through it. */
  async function atEachStatement(
    work: (db: Database) => Promise<unknown>,
    { prepare, check }: { prepare: () => Promise<void>; check: (statements: number) => Promise<void> },
  ): Promise<number> {
    for (let statements = 0; statements < most; statements += 1) {
      await lab().clear();
      await prepare();
      const isDone = await work(mortal(statements)).then(
        () => true,
        () => false,
      );
      await check(statements);
      if (isDone) return statements;
    }
    throw new Error('it never ends');
  }

  const webhook = { url: 'http://127.0.0.1:1/hook', secret: 'env:STARWARDEN_CRED_HOOK' };
  let id = '';
  async function open(): Promise<void> {
    await setRotation(lab().db, lab().rotation(), by());
    await setRoute(lab().db, route({ webhook }), by());
    id = await lab().open();
  }
  const steps = async () => (await stepsOfAlerts(lab().db, [id])).map(({ step, kind }) => `${step} ${kind}`);
  const deliveries = async () => {
    const { db } = lab();
    const rows = await db.selectFrom('escalation_delivery').select(['kind', 'place']).orderBy('kind').execute();
    return rows.map(({ kind, place }) => `${kind} ${place}`).toSorted();
  };

  describe('whoever escalates dies', () => {
    it('at any statement: the event, the step and what it sends are there once, or not at all and then by another', async () => {
      const survived = await atEachStatement((db) => lab().turn('mortal', db), {
        prepare: async () => {
          await open();
          await lab().turn('first');
          lab().pass(1.1);
        },
        check: async (statements) => {
          const events = (await lab().happened(id)).filter((each) => each.startsWith('ESCALATED')).length;
          const halves = [(await steps()).length - 1, Math.sign((await deliveries()).length)];
          expect([events, ...halves], `dead after ${statements}`).toEqual([events, events, events]);
          // Its claim ends, and two others come at the same time.
          lab().pass(0.3);
          await Promise.all([lab().turn('two'), lab().turn('three')]);
          const after = (await lab().happened(id)).filter((each) => each.startsWith('ESCALATED'));
          expect(after, `dead after ${statements}`).toHaveLength(1);
          expect(await steps()).toEqual(['0 FIRST', '1 STEP']);
          expect(await deliveries()).toEqual(['PLACE C0SECOND', 'PLACE channel', 'WEBHOOK ']);
        },
      });
      expect(survived).toBeGreaterThan(15);
    });

    it('with one answer lost after it was stored: nobody is called a second time', async () => {
      await open();
      await lab().turn();
      lab().pass(1.1);
      await wakeEscalations(lab().db);
      const due = await listDueEscalations(lab().db, 10);
      for (const each of [...due, ...due, ...due])
        await advanceEscalation(lab().db, each, { holder: 'again', linkedNames });
      expect(await steps()).toEqual(['0 FIRST', '1 STEP']);
    });
  });

  describe('whoever calls a webhook dies', () => {
    const escalated = async () => {
      await open();
      await lab().turn();
      lab().pass(1.1);
      await lab().turn();
    };

    it('at any statement before the call: it is called by another, who knows whether it may be the second time', async () => {
      let due = '';
      await atEachStatement((db) => claimWebhook(db, due, 'mortal'), {
        prepare: async () => {
          await escalated();
          [due = ''] = await listDueWebhooks(lab().db, 10);
        },
        check: async (statements) => {
          lab().pass(1);
          const [first, second] = await Promise.all([
            claimWebhook(lab().db, due, 'two'),
            claimWebhook(lab().db, due, 'three'),
          ]);
          const claimed = [first, second].filter((each) => each !== null);
          expect(claimed, `dead after ${statements}`).toHaveLength(1);
          const { state } = await lab()
            .db.selectFrom('escalation_delivery')
            .select('state')
            .where('id', '=', due)
            .executeTakeFirstOrThrow();
          expect(state).toBe('SENDING');
        },
      });
    });

    it('at any statement after it: what became of it is told once', async () => {
      let sent: Awaited<ReturnType<typeof claimWebhook>> = null;
      const refused = { kind: 'REFUSED', said: 'HTTP 404' } as const;
      const record = async (db: Database) => {
        if (sent === null) throw new Error('nobody claimed it');
        await recordWebhook(db, sent, refused);
      };
      await atEachStatement(record, {
        prepare: async () => {
          await escalated();
          const [due = ''] = await listDueWebhooks(lab().db, 10);
          sent = await claimWebhook(lab().db, due, 'mortal');
        },
        check: async (statements) => {
          lab().pass(1);
          const [due] = await listDueWebhooks(lab().db, 10);
          const again = due === undefined ? null : await claimWebhook(lab().db, due, 'two');
          // It may have arrived: the same key says so to the receiver.
          if (again !== null) expect(again).toMatchObject({ mayRepeat: true, id: due, attempts: 2 });
          if (again !== null) await recordWebhook(lab().db, again, refused);
          if (sent !== null) expect(await recordWebhook(lab().db, sent, refused)).toBe(false);
          const told = (await lab().happened(id)).filter((each) => each.startsWith('NOT_DELIVERED'));
          expect(told, `dead after ${statements}`).toEqual(['NOT_DELIVERED The webhook was not called: HTTP 404']);
        },
      });
    });
  });

  it('whoever records that Slack refuses a place dies: the card, the delivery and the history say it together', async () => {
    let cardId = '';
    const claim = (holder: string) => claimCard(lab().db, { id: cardId, holder, forMs: 15_000 });
    let card: Awaited<ReturnType<typeof claim>> = null;
    const refusal = {
      change: { state: 'FAILED', attempts: 1, error: 'not_in_channel', nextTryInMs: 60_000 },
      ...{ error: 'not_in_channel', instead: null },
    } as const;
    const record = async (db: Database) => {
      if (card === null) throw new Error('nobody claimed it');
      await saveRefusedPlace(db, card, refusal);
    };
    await atEachStatement(record, {
      prepare: async () => {
        await open();
        await lab().turn();
        lab().pass(1.1);
        await lab().turn();
        const place = (await listPlacesWithoutCard(lab().db)).find((each) => each.place === 'C0SECOND');
        cardId = await insertCard(lab().db, { kind: 'ESCALATION', subjectId: place?.id ?? '', channel: 'C0SECOND' });
        card = await claim('mortal');
      },
      check: async (statements) => {
        const of = async () => {
          const [stored, sent] = await Promise.all([
            lab().db.selectFrom('slack_card').select('state').executeTakeFirstOrThrow(),
            lab()
              .db.selectFrom('escalation_delivery')
              .select('state')
              .where('place', '=', 'C0SECOND')
              .executeTakeFirst(),
          ]);
          const told = (await lab().happened(id)).filter((each) => each.startsWith('NOT_DELIVERED')).length;
          return [stored.state, sent?.state, told];
        };
        const isTold = (await of())[2] === 1;
        expect(await of(), `dead after ${statements}`).toEqual(
          isTold ? ['FAILED', 'FAILED', 1] : ['QUEUED', 'QUEUED', 0],
        );
        if (isTold) return;
        lab().pass(0.5);
        card = await claim('other');
        await record(lab().db);
        expect(await of()).toEqual(['FAILED', 'FAILED', 1]);
      },
    });
  });
}
