import type { ObservedNode } from '../cluster.ts';
import { nodeLabel } from '../node-identity.ts';
import type { FrontendRow } from '../topology.ts';
import { isSameRelease } from '../version.ts';
import type { Member } from './member.ts';

type Never = { readonly code: 'POSTCHECK_FAILED'; readonly message: string; readonly hint: string };

/**
 * What a node refuses for good, in the words of the heartbeat: it belongs to another cluster, or is no node of that kind,
 * or is not at the address that the cluster has for it.
 */
const refusedForGood =
  /unmatched cluster ?id|unmatched token|unmatched backend ip|not match backend address|node type/i;

/**
 * What is missing until a node that was added has joined. Null = nothing. A text = it may still come: a node that was never
 * seen has no error for 15 to 20 s, then the one of the last heartbeat. An object = it will not come by waiting.
 */
export function notJoinedYet(
  member: Member & { readonly version: string | null },
  { row, frontend }: { readonly row: ObservedNode | undefined; readonly frontend: FrontendRow | undefined },
): string | Never | null {
  const label = nodeLabel(member);
  const never = (message: string, hint: string): Never => ({ code: 'POSTCHECK_FAILED', message, hint });
  if (row === undefined)
    return never(`${label} is not in the cluster any more`, 'Somebody took it out. Undo the run, or retry it.');
  const why = row.errorMessage;
  if (why !== null && refusedForGood.test(why)) {
    return never(
      `${label} does not take the cluster for its own: ${why}`,
      'It belongs to another cluster, is of another kind, or has another address. Undo the run.',
    );
  }
  if (!row.alive) return `${label} is not alive yet${why === null ? ': nobody has heard of it' : `: ${why}`}`;
  if (row.version === null) return `${label} has not told its version yet`;
  if (member.version !== null && !isSameRelease(row.version, member.version)) {
    return never(
      `${label} came up with ${row.version}, not with ${member.version}`,
      'What runs there is another release than the cluster. Undo the run.',
    );
  }
  if (member.kind !== 'FRONTEND') return null;
  if (frontend === undefined || !frontend.joined) return `${label} has not joined yet`;
  return frontend.replayedJournalId > 0 ? null : `${label} has replayed nothing yet`;
}
