/** What a backend or compute node counts from its start on, by series (name and labels) of /metrics without its prefix. */
export type Counters = {
  add(series: string, by?: number): void;
  get(series: string): number;
  /** Counts the request as total and, when the work fails, as failed too. */
  request<T>(type: string, work: () => Promise<T> | T): Promise<T>;
};

export function createCounters(): Counters {
  const values = new Map<string, number>();
  const add = (series: string, by = 1) => void values.set(series, (values.get(series) ?? 0) + by);
  return {
    add,
    get: (series) => values.get(series) ?? 0,
    async request(type, work) {
      add(`engine_requests_total{status="total",type="${type}"}`);
      try {
        return await work();
      } catch (error) {
        add(`engine_requests_total{status="failed",type="${type}"}`);
        throw error;
      }
    },
  };
}
