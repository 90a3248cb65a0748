/** One path of `storage_root_path`, as the leader's SHOW PROC '/backends/<id>' has it. Sizes are estimates of three decimals. */
export type Disk = {
  readonly path: string;
  /** SSD, HDD; null = not told. */
  readonly medium: string | null;
  /** ONLINE, OFFLINE, DISABLED, DECOMMISSIONED. */
  readonly state: string;
  /** What the tablets on it take. */
  readonly usedBytes: number | null;
  readonly availableBytes: number | null;
  readonly totalBytes: number | null;
  /** Of the whole disk, what others keep on it included. */
  readonly usedPercent: number | null;
  readonly tabletCount: number | null;
};

/** What decides whether tablets may go to it, or fit where they are to go. */
export type DiskRoom = Pick<Disk, 'path' | 'medium' | 'state' | 'usedBytes' | 'availableBytes' | 'totalBytes'>;

/** The medium in words: HDD, SSD, or that nobody knows. */
export function mediumInWords(medium: string | null): string {
  return medium ?? 'medium not known';
}

/** How whole the tablets of a database are, as StarRocks counts them. */
export type DatabaseTablets = {
  readonly name: string;
  readonly tables: number;
  readonly tablets: number;
  readonly replicas: number;
  readonly unhealthyTablets: number;
  readonly inconsistentTablets: number;
  readonly cloningTablets: number;
  readonly errorStateTablets: number;
};
