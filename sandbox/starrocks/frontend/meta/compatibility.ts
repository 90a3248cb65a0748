import type { Conf } from '../../conf.ts';
import { compareVersions, type Release } from '../../release.ts';
import { type Change, type ClusterState, change } from './state.ts';

/** From which release on a leader writes entries that older frontends do not know, and the oldest that can read them. */
type Floor = { readonly writtenBy: string; readonly oldestReader: string };

/** The one pair that the product's documentation forbids: back from 3.5 only to 3.4.6 or later. */
const documented: readonly Floor[] = [{ writtenBy: '3.5.0', oldestReader: '3.4.6' }];

const writerKey = 'newestWriter';

/** What a leader puts into the metadata when it takes over: that a release as new as its own has written there. */
export function writerChange(state: ClusterState, version: string): Change[] {
  const known = state.settings.get(writerKey);
  const isNewer = known === undefined || compareVersions(version, known) > 0;
  return isNewer ? [change('settings', writerKey, version)] : [];
}

/**
 * Why this frontend cannot read the metadata, or null when it can. A newer leader may have written entries that this
 * release does not know; it ends at the first of them unless fe.conf tells it to pass over them. A frontend that
 * already runs goes on: nothing says that an entry of the new kind was written in that very moment.
 */
export function unreadable(state: ClusterState, { release, conf }: { release: Release; conf: Conf }): string | null {
  const writer = state.settings.get(writerKey);
  if (writer === undefined || ignoresUnknown(conf)) return null;
  const floors = floorsOf(conf);
  const isTooOld = floors.some(
    ({ writtenBy, oldestReader }) =>
      compareVersions(writer, writtenBy) >= 0 && compareVersions(release.version, oldestReader) < 0,
  );
  return isTooOld ? 'failed to load the journal: java.io.IOException: UNKNOWN Operation Type 13510, will exit' : null;
}

/** Either spelling; only from the file, since the frontend that needs it does not run yet. */
function ignoresUnknown(conf: Conf): boolean {
  return ['ignore_unknown_log_id', 'metadata_ignore_unknown_operation_type'].some((key) => conf.get(key) === 'true');
}

/** `sandbox_oldest_readers = 3.5.0:3.4.6, 3.4.0:3.3.9` makes other pairs fail; `none` makes none fail. */
function floorsOf(conf: Conf): readonly Floor[] {
  const text = conf.get('sandbox_oldest_readers');
  if (text === undefined) return documented;
  return text
    .split(',')
    .map((pair) => pair.trim().split(':'))
    .flatMap(([writtenBy, oldestReader]) =>
      writtenBy === undefined || oldestReader === undefined ? [] : [{ writtenBy, oldestReader }],
    );
}
