/** Where something is reached by SSH. */
export type Place = { readonly address: string; readonly port: number };

export type WaysInput = {
  readonly sshPort: number;
  readonly jumpAddress?: string | undefined;
  readonly jumpPort: number;
  readonly addresses: readonly {
    readonly nodeHost: string;
    readonly address?: string | undefined;
    readonly port?: number | undefined;
    readonly jumpAddress?: string | undefined;
    readonly jumpPort: number;
  }[];
  readonly hostKeys: readonly {
    readonly address: string;
    readonly port?: number | undefined;
    readonly fingerprint: string;
  }[];
};

/** A machine, how it is reached, and what the cluster has there. */
export type Way = Place & {
  /** The hosts of nodes, as the cluster has them; none for a machine that is only on the way to others. */
  readonly nodeHosts: readonly string[];
  /** The host through which it is reached; null = directly. */
  readonly jump: Place | null;
};

/**
 * Every machine that has to be reached, once each: jump hosts first, which are reached directly, then those of the nodes. Pure.
 */
export function waysTo(input: WaysInput, hosts: readonly string[]): readonly Way[] {
  const usual = input.jumpAddress === undefined ? null : { address: input.jumpAddress, port: input.jumpPort };
  const placed = [...new Set(hosts)].map((host) => {
    const given = input.addresses.find(({ nodeHost }) => nodeHost === host);
    const own = given?.jumpAddress === undefined ? null : { address: given.jumpAddress, port: given.jumpPort };
    return { host, address: given?.address ?? host, port: given?.port ?? input.sshPort, jump: own ?? usual };
  });
  const jumps = placed.flatMap(({ jump }) => jump ?? []);
  const isJump = (place: Place) => jumps.some((jump) => isSamePlace(jump, place));
  const places = [...jumps, ...placed.filter((place) => !isJump(place))];
  const once = places.filter((place, index) => places.findIndex((other) => isSamePlace(other, place)) === index);
  return once.map(({ address, port }) => {
    const there = placed.filter((each) => isSamePlace(each, { address, port }));
    const jump = isJump({ address, port }) ? null : (there[0]?.jump ?? null);
    return { address, port, nodeHosts: there.map(({ host }) => host), jump };
  });
}

/** The key that somebody has vouched for; where no port is named, it is that of every host. */
export function vouchedFor({ hostKeys, sshPort }: WaysInput, place: Place): string | null {
  return (
    hostKeys.find((key) => isSamePlace({ address: key.address, port: key.port ?? sshPort }, place))?.fingerprint ?? null
  );
}

export function isSamePlace(one: Place, other: Place): boolean {
  return one.address === other.address && one.port === other.port;
}

/** `10.0.0.1`, with its port where that is not the one of every host. */
export function nameOfPlace({ address, port }: Place, { sshPort }: Pick<WaysInput, 'sshPort'>): string {
  return port === sshPort ? address : `${address}:${port}`;
}
