import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which cluster a backend belongs to: written into every storage root by the first heartbeat, and never changed. */
export type Identity = {
  /** Null when the heartbeat may be answered, else the text to refuse it with. */
  check(clusterId: string, token: string): string | null;
};

export function openIdentity(roots: string[]): Identity {
  const files = roots.map((root) => join(root, 'cluster_id'));
  let stored = files.map(readIdentity).find((identity) => identity !== null) ?? null;
  return {
    check(clusterId, token) {
      if (stored === null) {
        stored = { clusterId, token };
        for (const file of files) writeFileSync(file, `${clusterId}-${token}`);
        return null;
      }
      if (stored.clusterId !== clusterId) return 'Unmatched cluster id';
      return stored.token === token ? null : 'Unmatched token';
    },
  };
}

function readIdentity(file: string): { clusterId: string; token: string } | null {
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8').trim();
  const dash = text.indexOf('-');
  return dash < 0 ? null : { clusterId: text.slice(0, dash), token: text.slice(dash + 1) };
}
