/**
 * What one value of a metric is about; which keys are set follows from the scope of the metric. Nothing set = the whole
 * cluster.
 */
export type MetricSubject = {
  /** The id of the node in the inventory. */
  readonly nodeId?: string;
  /** The path of a disk, as the node names it. */
  readonly path?: string;
  /** `SSD`, `HDD`: all disks of one storage medium. */
  readonly medium?: string;
  readonly database?: string;
  readonly user?: string;
  /** A routine load, as `database.name`. */
  readonly job?: string;
  /** Where something is reached by TLS: `10.0.0.1:9030`, `https://store.example:9000`. */
  readonly endpoint?: string;
};

/** One value of a metric at one moment, in the unit of the metric. */
export type Measurement = {
  readonly metric: string;
  readonly subject: MetricSubject;
  /** Finite. What is not known is not measured: there is no value that stands for it. */
  readonly value: number;
};

/** What one look measured of a cluster. */
export type Measured = {
  /** When the look ended. */
  readonly at: Date;
  readonly measurements: readonly Measurement[];
};

const keys = ['nodeId', 'path', 'medium', 'database', 'user', 'job', 'endpoint'] as const;

/** A text that is the same for the same subject, and that `parseSubject` reads; the whole cluster is the empty text. */
export function subjectKey(subject: MetricSubject): string {
  const given = keys.flatMap((key) => {
    const value = subject[key];
    return value === undefined ? [] : [[key, value]];
  });
  return given.length === 0 ? '' : JSON.stringify(given);
}

/** The subject of a key; null for a text that `subjectKey` does not make. */
export function parseSubject(key: string): MetricSubject | null {
  if (key === '') return {};
  const given: unknown = attempt(key);
  if (!Array.isArray(given)) return null;
  const subject: Record<string, string> = {};
  for (const pair of given) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') return null;
    subject[pair[0]] = pair[1];
  }
  return subjectKey(subject) === key ? subject : null;
}

function attempt(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
