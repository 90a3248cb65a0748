import { afterAll, beforeAll } from 'vitest';
import { clockCases } from './clock-cases.ts';
import { deathCases } from './death-cases.ts';
import { clearBefore, type Lab, startLab } from './lab.ts';
import { routingCases } from './routing-cases.ts';
import { undeliveredCases } from './undelivered-cases.ts';
import { webhookCases } from './webhook-cases.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.engine.close());
clearBefore(() => lab);

clockCases(() => lab);
webhookCases(() => lab);
routingCases(() => lab);
undeliveredCases(() => lab);
deathCases(() => lab);
