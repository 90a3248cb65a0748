/** Who names whom: files or parts, each with those that it imports from. */
export type Arrows = ReadonlyMap<string, Iterable<string>>;

/**
 * Every group whose members all lead back to each other, sorted; one that only names itself is none. Tarjan's search:
 * a member that reaches nothing older than itself is the eldest of its group, and the group lies on top of the stack.
 */
export function findCircles(arrows: Arrows): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  /** The eldest member still open that `name` leads to. */
  const visit = (name: string): number => {
    const own = order.size;
    order.set(name, own);
    open.push(name);
    let eldest = own;
    for (const next of arrows.get(name) ?? []) {
      const known = order.get(next);
      if (known === undefined) eldest = Math.min(eldest, visit(next));
      else if (open.includes(next)) eldest = Math.min(eldest, known);
    }
    if (eldest === own) {
      const group = open.splice(open.indexOf(name));
      if (group.length > 1) circles.push(group.sort());
    }
    return eldest;
  };

  for (const name of arrows.keys()) if (!order.has(name)) visit(name);
  return circles;
}
