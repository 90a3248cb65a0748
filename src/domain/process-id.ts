/**
 * Identifies a process of a node: equal as long as the same process runs, different after every start. Plain data for
 * plans and journals; only the adapter that made it knows what it consists of.
 */
export type ProcessId = Readonly<Record<string, string | number>>;

export function isSameProcess(one: ProcessId | null, other: ProcessId | null): boolean {
  if (one === null || other === null) return one === other;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => one[key] === other[key]);
}

/** What people call it: its number on its host, where it has one. */
export function processNumber(process: ProcessId): string {
  return String(process.pid ?? Object.values(process).join(' '));
}
