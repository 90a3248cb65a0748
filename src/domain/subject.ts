/** What a step can be about. */
export const subjectKinds = ['node', 'host', 'database', 'repository', 'cluster'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** Whom or what a step is about. */
export type Subject = {
  readonly kind: SubjectKind;
  /**
   * The id that the inventory has for it, or the name that the cluster has. Null = the step's parameters do not identify
   * it so: a host that is not recorded yet, or the run's own cluster.
   */
  readonly id: string | null;
  /** What people call it: `be 10.0.0.11:9050`. */
  readonly label: string;
};

/** The cluster of the run: for steps that are about no single part of it. */
export const theCluster: Subject = { kind: 'cluster', id: null, label: 'the cluster' };

/**
 * What a step does to its subject. `takes-away`: it does not serve from then on. `brings-back`: it serves again once the
 * last such step in a row is done. `changes`: something else about it, or about what Starwarden knows of it, becomes
 * different. `looks`: reads, and at most stores what it saw. `waits`: for time or for a person.
 */
export const stepEffects = ['takes-away', 'brings-back', 'changes', 'looks', 'waits'] as const;
export type StepEffect = (typeof stepEffects)[number];

export function nodeSubject({ nodeId, label }: { readonly nodeId: string; readonly label: string }): Subject {
  return { kind: 'node', id: nodeId, label };
}

export function isSameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.id === b.id && a.label === b.label;
}

/** The subject of steps that belong together: the first one that is less than the whole cluster. */
export function commonSubject(steps: readonly { readonly about: Subject }[]): Subject {
  return steps.find(({ about }) => about.kind !== 'cluster')?.about ?? theCluster;
}
