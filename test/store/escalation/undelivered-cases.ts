import { describe, expect, it } from 'vitest';
import { setRotation } from '../../../src/store/escalation/rotations.ts';
import { setRoute } from '../../../src/store/escalation/routes.ts';
import { dropPlace, recordPlaceless, saveRefusedPlace } from '../../../src/store/escalation/undelivered.ts';
import { deliveriesOfSteps, stepsOfAlerts } from '../../../src/store/reads/escalations.ts';
import { isSaidLater, listPlacesWithoutCard } from '../../../src/store/slack/escalation-cards.ts';
import { claimCard, insertCard, saveCard } from '../../../src/store/slack/slack-cards.ts';
import { by, type Lab, route } from './lab.ts';

/** Registers the tests. */
export function undeliveredCases(lab: () => Lab): void {
  const sent = async (id: string) => {
    const steps = await stepsOfAlerts(lab().db, [id]);
    const found = await deliveriesOfSteps(
      lab().db,
      steps.map((step) => step.id),
    );
    return found.filter(({ place }) => place !== 'channel').map(({ place, state, outcome }) => [place, state, outcome]);
  };
  const last = async (id: string) => (await lab().happened(id)).at(-1);
  const claimed = async (cardId: string) => {
    const card = await claimCard(lab().db, { id: cardId, holder: 'bot', forMs: 15_000 });
    if (card === null) throw new Error('it is not due');
    return card;
  };
  const refuse = async (cardId: string, instead: string | null = null) => {
    const change = instead === null ? ({ state: 'FAILED', nextTryInMs: 600_000 } as const) : { channel: instead };
    const error = 'not_in_channel';
    return saveRefusedPlace(lab().db, await claimed(cardId), { change: { ...change, error }, error, instead });
  };
  async function escalated(definition: object = {}) {
    await setRotation(lab().db, lab().rotation(), by());
    await setRoute(lab().db, route(definition), by());
    const id = await lab().open();
    await lab().turn();
    lab().pass(1.1);
    await lab().turn();
    const place = (await listPlacesWithoutCard(lab().db)).find((each) => each.place !== 'channel');
    if (place === undefined) throw new Error('nothing is told elsewhere');
    const card = await insertCard(lab().db, { kind: 'ESCALATION', subjectId: place.id, channel: 'C0SECOND' });
    return { id, place, card };
  }

  describe('a message of an escalation that Slack refuses', () => {
    it('is told where the alert is, and the next step comes a minute later instead of five', async () => {
      const { id, card } = await escalated();
      expect(await refuse(card)).toBe(id);
      expect(await last(id)).toBe(
        'NOT_DELIVERED The message in C0SECOND was not delivered (not_in_channel: the bot is not in that channel, invite it)',
      );
      expect(await sent(id)).toEqual([['C0SECOND', 'FAILED', 'not_in_channel']]);
      await lab().turn();
      expect(await stepsOfAlerts(lab().db, [id])).toHaveLength(2);
      lab().pass(1.1);
      await lab().turn();
      expect((await stepsOfAlerts(lab().db, [id])).map(({ step }) => step)).toEqual([0, 1, 2]);
    });

    it('is told once, however often it is tried, and is delivered once Slack takes it', async () => {
      const { id, card } = await escalated();
      await refuse(card);
      lab().pass(11);
      expect(await refuse(card)).toBeNull();
      lab().pass(11);
      await saveCard(lab().db, await claimed(card), { state: 'SENT', ts: '1.1', error: null, channel: 'C0SECOND' });
      expect((await lab().happened(id)).filter((each) => each.startsWith('NOT_DELIVERED'))).toHaveLength(1);
      expect(await sent(id)).toEqual([['C0SECOND', 'SENT', null]]);
    });

    it('says where it went instead, and is no delivery to its place', async () => {
      const { id, card } = await escalated();
      await refuse(card, 'C0FALLBACK');
      await saveCard(lab().db, await claimed(card), { state: 'SENT', ts: '1.1', error: null });
      expect(await last(id)).toContain('; it goes to C0FALLBACK instead');
      expect(await sent(id)).toEqual([['C0SECOND', 'FAILED', expect.stringContaining('C0FALLBACK instead')]]);
    });

    it('is tried again at once when somebody is called there anew, and then said to have failed, too', async () => {
      const { id, card } = await escalated();
      await refuse(card);
      lab().pass(1.1);
      await lab().turn();
      expect(await refuse(card)).toBe(id);
      lab().pass(25);
      await lab().turn();
      // A repeat that fails as the step did is no news.
      expect(await refuse(card)).toBeNull();
      const failed = ['C0SECOND', 'FAILED', 'not_in_channel'];
      expect(await sent(id)).toEqual([failed, failed, failed]);
    });

    it('is told as well when there is nowhere to send it to', async () => {
      const { id, place } = await escalated({ secondChannel: null });
      expect(place.place).toMatch(/^person:/);
      const undelivered = { deliveryId: place.id, error: 'the person has no Slack account here', instead: null };
      expect(await recordPlaceless(lab().db, undelivered)).toBe(id);
      expect(await recordPlaceless(lab().db, undelivered)).toBeNull();
      expect(await last(id)).toContain('to the person directly was not delivered');
    });
  });

  it('that it is exhausted is a message of its own, and another one every hour', async () => {
    const { id } = await escalated();
    lab().pass(99);
    await lab().turn();
    expect(await last(id)).toMatch(/^ESCALATION_EXHAUSTED Escalation exhausted: 1 h 4\d min without anybody/);
    const exhausted = async () =>
      (await listPlacesWithoutCard(lab().db)).filter(({ place }) => place.startsWith('exhausted:'));
    const [first] = await exhausted();
    if (first === undefined) throw new Error('nothing is said');
    expect(await isSaidLater(lab().db, { alertId: id, id: first.id })).toBe(false);
    lab().pass(60);
    await lab().turn();
    expect(await last(id)).toMatch(/^ESCALATED Escalation exhausted, and nobody has taken it for 2 h 4\d min/);
    expect(await isSaidLater(lab().db, { alertId: id, id: first.id })).toBe(true);
    expect(await exhausted()).toHaveLength(2);
    await dropPlace(lab().db, { id: first.id, why: 'a later message says so' });
    expect(await exhausted()).toHaveLength(1);
  });
}
