import type { AnyOperation } from '../../src/operations/define.ts';
import { type Fleet, laneOperations } from '../helpers/lane-operations.ts';

/** `renew` as people may ask for it in Slack too. */
export function fleetOperations(fleet: Fleet): readonly AnyOperation[] {
  const slack = { verb: 'renew', positional: ['clusterId'], examples: ['renew prod-eu --width 2'] };
  return laneOperations(fleet).map((operation) => ({ ...operation, slack }));
}
