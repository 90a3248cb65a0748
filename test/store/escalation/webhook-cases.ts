import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendWebhook } from '../../../src/adapters/http/send-webhook.ts';
import { whyNoWebhook } from '../../../src/domain/alert-route.ts';
import { callWebhook } from '../../../src/monitor/escalate.ts';
import { acknowledgeAlert } from '../../../src/store/alerts/alert-handling.ts';
import { claimWebhook, listDueWebhooks } from '../../../src/store/escalation/deliveries.ts';
import { setRoute } from '../../../src/store/escalation/routes.ts';
import { deliveriesOfSteps, stepsOfAlerts } from '../../../src/store/reads/escalations.ts';
import { operator } from '../../helpers/engine.ts';
import { by, type Lab, route } from './lab.ts';

/** Registers the tests. */
export function webhookCases(lab: () => Lab): void {
  describe('a webhook', () => {
    const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
    let answers: (number | 'none')[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        calls.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        const answer = answers.shift() ?? 200;
        if (answer === 'none') response.destroy();
        else response.writeHead(answer, { location: 'http://127.0.0.1:1/' }).end();
      });
    });
    let url: string;
    beforeAll(async () => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`;
    });
    afterAll(() => server.close());

    const deps = () => ({
      ...{ config: { holder: 'one', slack: null }, db: lab().db, log: pino({ level: 'silent' }) },
      ...{ doorbell: { changed: () => {} }, secrets: lab().engine.ctx.secrets, sendWebhook },
    });
    const deliver = async () => {
      for (const id of await listDueWebhooks(lab().db, 10)) await callWebhook(deps(), id);
    };
    const state = async (alertId: string) => {
      const steps = await stepsOfAlerts(lab().db, [alertId]);
      const found = await deliveriesOfSteps(
        lab().db,
        steps.map(({ id }) => id),
      );
      return found.filter(({ kind }) => kind === 'WEBHOOK').map((each) => [each.state, each.outcome]);
    };
    async function called(): Promise<string> {
      calls.length = 0;
      await setRoute(lab().db, route({ rotation: null, webhook: { url, secret: 'env:STARWARDEN_CRED_HOOK' } }), by());
      const id = await lab().open();
      lab().pass(1.1);
      await lab().turn();
      return id;
    }

    it('is called with a signature, again with the same key while nobody knows, and not once it was taken', async () => {
      answers = ['none', 503, 200];
      const id = await called();
      await deliver();
      expect(await state(id)).toEqual([['UNKNOWN', expect.any(String)]]);
      lab().pass(0.1);
      await deliver();
      expect(await state(id)).toEqual([['UNKNOWN', 'HTTP 503']]);
      lab().pass(0.2);
      await deliver();
      lab().pass(10);
      await deliver();
      expect(await state(id)).toEqual([['SENT', 'HTTP 200']]);
      expect(calls).toHaveLength(3);
      expect(new Set(calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
      const [{ headers, body } = { headers: {}, body: '' }] = calls;
      const [, seconds, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['x-starwarden-signature'])) ?? [];
      expect(signature).toBe(createHmac('sha256', 'a key for calls').update(`${seconds}.${body}`).digest('hex'));
      expect(JSON.parse(body)).toMatchObject({ event: 'alert.escalated', alert: { id, severity: 'CRITICAL' } });
    });

    it('is called again when its caller died before or after the answer', async () => {
      const id = await called();
      const [due = ''] = await listDueWebhooks(lab().db, 10);
      expect(await claimWebhook(lab().db, due, 'dead')).toMatchObject({ mayRepeat: false, attempts: 1 });
      await deliver();
      expect(calls).toHaveLength(0); // it is claimed, and may be under way
      lab().pass(1);
      await deliver();
      expect(calls).toHaveLength(1);
      expect(await state(id)).toEqual([['SENT', 'HTTP 200']]);
    });

    it('is refused for good by 4xx and by a redirect, which the history says; and not called once somebody has it', async () => {
      answers = [302];
      const id = await called();
      await deliver();
      expect(await state(id)).toEqual([['FAILED', 'HTTP 302']]);
      expect((await lab().happened(id)).at(-1)).toBe('NOT_DELIVERED The webhook was not called: HTTP 302');
      await acknowledgeAlert(lab().db, { alertId: id, actor: operator, changed: () => {} });
      const other = await called();
      await acknowledgeAlert(lab().db, { alertId: other, actor: operator, changed: () => {} });
      await deliver();
      expect(await state(other)).toEqual([['DROPPED', 'kim had taken it before']]);
      expect(calls).toHaveLength(0);
    });

    it.each([
      ['https://pager.example/hook', null],
      ['http://127.0.0.1:8080/x', null],
      ['http://pager.example/hook', 'https'],
      ['ftp://pager.example', 'https'],
      ['https://user:pw@pager.example', 'secret'],
      ['https://pager.example/?token=abc', 'secret'],
      ['https://169.254.169.254/latest', 'link-local'],
      ['https://[fe80::1]/', 'link-local'],
      ['https://[::ffff:169.254.169.254]/', 'link-local'],
      ['https://0.0.0.0/', 'unspecified'],
      ['no url', 'https'],
    ])('%s: %s', (text, why) => {
      if (why === null) expect(whyNoWebhook(text)).toBeNull();
      else expect(whyNoWebhook(text)).toContain(why);
    });
  });
}
