import { z } from 'zod';
import type { AnyOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { type Fleet, laneOperations } from '../helpers/lane-operations.ts';

const input = z.object({
  clusterId,
  width: z.int().min(1).max(9).default(2).meta({ description: 'How many machines at a time.' }),
  hold: z.boolean().default(false).meta({ description: 'Pause before the first machine.' }),
});

/** `renew` as people and programs may ask for it: every field described, and a Slack command. */
export function fleetOperations(fleet: Fleet): readonly AnyOperation[] {
  const slack = { verb: 'renew', positional: ['clusterId'], examples: ['renew prod-eu --width 2'] };
  return laneOperations(fleet).map((operation) => ({ ...operation, input, slack }));
}
