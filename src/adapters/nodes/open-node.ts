import { batched } from '../ssh/batch.ts';
import { guardShell } from '../ssh/guard-shell.ts';
import type { Shell } from '../ssh/port.ts';
import type { NodePlace } from './place.ts';
import type { Node } from './port.ts';
import { createRecentLook, forgetting, type RecentLook } from './recent-look.ts';
import { nodeByScripts } from './scripts.ts';
import { nodeBySystemd } from './systemd.ts';

/**
 * A node at its place in the inventory, run by scripts or by systemd. `guard` is called before each effect, also in the
 * middle of a call; what it throws ends the call. `recent` is what was seen of it a moment ago. Reads at the same moment go to the host in one session.
 */
export function openNode(
  shell: Shell,
  place: NodePlace,
  guard: () => void = () => {},
  recent: RecentLook = createRecentLook(),
): Node {
  const session = batched(forgetting(guardShell(shell, guard), recent));
  return place.unit === null
    ? nodeByScripts(session, place, recent)
    : nodeBySystemd(session, { ...place, unit: place.unit }, recent);
}
