const momentMs = 1_000;

/**
 * Remembers what was made, for a second, by all that it was made of: of what the inventory says, nothing is remembered. So
 * a login or a host key that was changed counts at once, in whatever process it was changed.
 */
export function createMoment<T>() {
  const recent = new Map<string, T>();
  return {
    /** `facts`: everything that `make` uses, as plain data; secrets by their reference. */
    of(facts: object, make: () => T): T {
      const key = JSON.stringify(facts);
      const known = recent.get(key);
      if (known !== undefined) return known;
      const made = make();
      recent.set(key, made);
      setTimeout(() => recent.delete(key), momentMs).unref();
      return made;
    },
  };
}
