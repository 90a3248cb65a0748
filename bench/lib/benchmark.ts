/** What a benchmark is given. */
export type Bench = {
  /** An empty database and an empty Redis that nobody else uses. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Removed afterwards. */
  readonly dir: string;
  /** Where the processes that a benchmark starts leave their CPU profiles; null = they are not profiled. */
  readonly profileDir: string | null;
  /** Prints one line for people. */
  readonly say: (line: string) => void;
};

/** Figures by name, as the last line prints them. */
export type Figures = Readonly<Record<string, number>>;

export type Definition<Size> = {
  readonly name: string;
  /** What it measures, in one sentence. */
  readonly summary: string;
  /** How much work it does; under 40 s on two cores. */
  readonly full: Size;
  /** Just enough to show that it works; the figures mean nothing. */
  readonly quick: Size;
  /** Seconds after which it counts as hanging. Default 180. */
  readonly limitSeconds?: number;
  measure(bench: Bench, size: Size): Promise<Figures>;
};

/** A benchmark with the type of its size hidden. */
export type Benchmark = {
  readonly name: string;
  readonly summary: string;
  readonly limitSeconds: number;
  run(bench: Bench, how: { quick: boolean }): Promise<Figures>;
};

export function defineBenchmark<Size>({
  name,
  summary,
  full,
  quick,
  limitSeconds = 180,
  measure,
}: Definition<Size>): Benchmark {
  return { name, summary, limitSeconds, run: (bench, how) => measure(bench, how.quick ? quick : full) };
}
