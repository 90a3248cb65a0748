/**
 * Which process of a node it is: equal as long as that one runs, another after every start. Plain data for plans and
 * journals; what is in it is known only to the adapter that made it.
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
