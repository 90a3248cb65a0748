import { nodeLabel } from './node-identity.ts';
import type { NodeProbe, NotJudged } from './probe.ts';

const keptOfEach = 3;

/** Pure. A few of each rule and kind of subject, since one reason is often that of a hundred nodes; the last says how many more. */
export function fewOfEach(notJudged: readonly NotJudged[]): readonly NotJudged[] {
  return [...Map.groupBy(notJudged, kindOf).values()].flatMap((own) => {
    const more = own.length - keptOfEach;
    return own.slice(0, keptOfEach).map((each, at) => ({
      ...each,
      because: each.because.slice(0, 300),
      ...(more > 0 && at === keptOfEach - 1 ? { more } : {}),
    }));
  });
}

function kindOf({ rule, labels }: NotJudged): string {
  return JSON.stringify([rule, labels === null ? null : Object.keys(labels).toSorted()]);
}

/** How many there are, those that are not kept by name included. */
export function countUnjudged(notJudged: readonly NotJudged[]): number {
  return notJudged.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
}

/** Pure. The nodes, each with what rules could not judge of it, however few are kept by name. */
export function markUnjudged(nodes: readonly NodeProbe[], notJudged: readonly NotJudged[]): readonly NodeProbe[] {
  const byNode = Map.groupBy(notJudged, ({ labels }) => labels?.node);
  return nodes.map(({ unjudged: _, ...node }) => {
    const [first, ...others] = byNode.get(nodeLabel(node)) ?? [];
    if (first === undefined) return node;
    const rules = new Set([first, ...others].map(({ rule }) => rule)).size;
    return { ...node, unjudged: { rules, because: first.because.slice(0, 120) } };
  });
}

/**
 * Pure. What could not be judged, in words, each subject once: rules of which nothing could be, nodes, and other subjects.
 * Nodes that are down, or silent over HTTP, are told as such by whoever asks.
 */
export function unjudgedInWords(nodes: readonly NodeProbe[], notJudged: readonly NotJudged[]): readonly string[] {
  const told = new Set(nodes.filter(isTold).map(nodeLabel));
  const isWhole = ({ labels }: NotJudged) => labels === null || Object.keys(labels).length === 0;
  const others = notJudged.filter((each) => !isWhole(each) && !told.has(each.labels?.node ?? ''));
  return [...wholeRules(notJudged.filter(isWhole)), ...nodesInWords(nodes, notJudged), ...othersInWords(others)];
}

function isTold({ alive, httpProblem, unjudged }: NodeProbe): boolean {
  return alive === false || isSilent({ alive, httpProblem }) || unjudged !== undefined;
}

/** Its numbers are not read, which is told of it already. */
export function isSilent({ alive, httpProblem }: Pick<NodeProbe, 'alive' | 'httpProblem'>): boolean {
  return alive === true && httpProblem !== null;
}

function wholeRules(notJudged: readonly NotJudged[]): readonly string[] {
  const byReason = Map.groupBy(notJudged, ({ because }) => because);
  return [...byReason].map(([because, found]) => `${rulesOf(found)} could not be judged: ${because}`);
}

/** All nodes in one line: what each of them lacks differs by its address alone, as a rule. */
function nodesInWords(nodes: readonly NodeProbe[], notJudged: readonly NotJudged[]): readonly string[] {
  const found = nodes.flatMap((node) =>
    node.unjudged === undefined || node.alive === false || isSilent(node)
      ? []
      : [{ label: nodeLabel(node), ...node.unjudged }],
  );
  const [first] = found;
  if (first === undefined) return [];
  const labels = new Set(found.map(({ label }) => label));
  const named = notJudged.filter(({ labels: of }) => of?.node !== undefined && labels.has(of.node));
  const differ = found.some(({ because }) => because !== first.because);
  const by = named.length > 0 ? rulesOf(named) : `${Math.max(...found.map(({ rules }) => rules))} alert rules`;
  return [
    `${namesOf(found.map(({ label }) => label))} could not be judged by ${by}: ${first.because}${differ ? ', and other reasons' : ''}`,
  ];
}

function othersInWords(notJudged: readonly NotJudged[]): readonly string[] {
  const ofRules = [...Map.groupBy(notJudged, kindOf).values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const subjects = own.map(({ labels }) => Object.values(labels ?? {}).join(' '));
    const differ = own.some(({ because }) => because !== first.because);
    const because = `${first.because}${differ ? ', and other reasons' : ''}`;
    return [{ rule: first.rule, of: namesOf(subjects, countUnjudged(own) - own.length), because }];
  });
  const same = Map.groupBy(ofRules, ({ of, because }) => JSON.stringify([of, because]));
  return [...same.values()].flatMap((own) => {
    const [first] = own;
    return first === undefined ? [] : [`${rulesOf(own)} could not be judged of ${first.of}: ${first.because}`];
  });
}

function rulesOf(found: readonly { readonly rule: string }[]): string {
  return namesOf([...new Set(found.map(({ rule }) => rule))]);
}

/** `a, b, c and 2 more`; `more` that have no name here are counted too. */
export function namesOf(names: readonly string[], more = 0): string {
  const rest = Math.max(0, names.length - 3) + more;
  return rest > 0 ? `${names.slice(0, 3).join(', ')} and ${rest} more` : names.join(', ');
}
