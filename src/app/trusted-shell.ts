import type { Shell, ShellCall } from '../adapters/ssh/port.ts';

/** One machine on the way to a host and the key that it has to show, the host itself first. */
export type Link = { readonly address: string; readonly port: number; readonly fingerprint: string | null };

/** How a host is reached now, by the inventory; `facts` = all that the login is made of, as plain data. */
export type WayToHost = { readonly facts: object; readonly links: readonly Link[]; readonly open: () => Shell };

type Given = {
  readonly way: WayToHost;
  /** The way as the inventory has it now; throws when there is none any more. */
  readonly readWay: () => Promise<WayToHost>;
  /** Ends every connection of this process that was opened to this place by this key. */
  readonly end: (link: Link) => void;
};

/** So long a way that was read is taken for the present one. */
const freshMs = 1_000;
/** How often it is looked while a command runs. */
const lookMs = 2_000;

/**
 * A shell that may be held for long, as a stop that waits does. A key or a login that was changed meanwhile, in whatever
 * process, counts for its next command; and a command under way over a key that is not the accepted one any more is broken
 * off, as by a lost connection: what answers there need not be the host.
 */
export function trustedShell({ way: first, readWay, end }: Given): Shell {
  let now = { way: first, shell: first.open(), at: performance.now() };

  const look = async () => {
    const before = now.way;
    // As of when it was asked: an answer that took long may be old by now.
    const at = performance.now();
    const way = await readWay();
    if (now.way !== before) return;
    const isSame = JSON.stringify(way.facts) === JSON.stringify(before.facts);
    now = isSame ? { ...now, at } : { way, shell: way.open(), at };
    for (const link of distrusted(before.links, way.links)) end(link);
  };

  const present = async () => {
    if (performance.now() - now.at > freshMs) await look();
    return now.shell;
  };

  const watched = async <T>(work: (shell: Shell) => Promise<T>): Promise<T> => {
    const shell = await present();
    // A store that does not answer is no reason to break anything off: it is looked again.
    let isLooking = false;
    const timer = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      look()
        .catch(() => undefined)
        .finally(() => {
          isLooking = false;
        });
    }, lookMs);
    timer.unref();
    return work(shell).finally(() => clearInterval(timer));
  };

  return {
    run: (command, call?: ShellCall) => watched((shell) => shell.run(command, call)),
    upload: (file, call?: ShellCall) => watched((shell) => shell.upload(file, call)),
  };
}

/**
 * Keys that are accepted no more: that of the host itself, and those of the machines on its way that show another one now. A
 * jump host that is only passed by from now on keeps its connections, since other hosts are reached through it.
 */
function distrusted([host, ...passed]: readonly Link[], now: readonly Link[]): readonly Link[] {
  const isReplaced = ({ address, port, fingerprint }: Link) =>
    now.some((each) => each.address === address && each.port === port && each.fingerprint !== fingerprint);
  const own = host === undefined || host.fingerprint === now[0]?.fingerprint ? [] : [host];
  return [...own, ...passed.filter(isReplaced)];
}
