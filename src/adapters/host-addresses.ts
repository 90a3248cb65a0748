import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The addresses that a name has for this process; an address is its own. Null = nobody knows the name. */
export async function readHostAddresses(host: string, signal: AbortSignal): Promise<readonly string[] | null> {
  if (isIP(host) !== 0) return [host];
  const asked = lookup(host, { all: true }).then(
    (found) => [...new Set(found.map(({ address }) => address))],
    () => null,
  );
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  return Promise.race([asked, stopped]);
}
