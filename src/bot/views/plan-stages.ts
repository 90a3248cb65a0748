import type { Lane, StepSpec } from '../../domain/plan.ts';
import { groupByStage } from '../../domain/run-stages.ts';
import { commonSubject, type Subject } from '../../domain/subject.ts';
import { countLanes, paceOf, someNames } from './lane-words.ts';
import { safe } from './text.ts';

/** A step of a plan, as it was made or as its run keeps it. */
type PlanStep = Pick<StepSpec, 'kind' | 'title' | 'about'> & { readonly lane?: Lane | null };

/** At most so many names on a line; further ones are counted. */
const shownNames = 6;

/**
 * A plan for people, one numbered line for each part: neighbouring steps that stand alone are one part, and a stage with
 * its lanes is one. What is done in a lane is described once; where other stages do the same, the line refers to that.
 */
export function planLines(steps: readonly PlanStep[]): string[] {
  if (steps.length === 0) return ['No steps'];
  if (steps.every((step) => step.lane == null))
    return steps.map((step, index) => `${index + 1}. ${safe(step.title, 200)}`);
  const told: Told[] = [];
  const parts = partsOf(steps).map((part, index) => partOf(part, { number: index + 1, told }));
  return parts.flatMap((part, index) => {
    if (!isLikeNeighbours(parts, index)) return part.lines;
    // Of many stages that differ only in whom they are about, the first and the last are shown.
    if (isLikeNeighbours(parts, index - 1)) return [];
    const alike = parts.slice(
      index,
      parts.findIndex((_, at) => at > index && !isLikeNeighbours(parts, at)),
    );
    return [`… ${alike.length} more stages like these: ${countLanes(alike.flatMap(({ lanes }) => lanes))}`];
  });
}

/** What is done in each lane of a stage that was described already. */
type Told = { readonly number: number; readonly recipe: readonly string[] };

type Part = {
  readonly lanes: readonly { readonly name: string; readonly about: Subject }[];
  readonly lines: readonly string[];
  readonly isKnown: boolean;
};

function partOf(part: readonly PlanStep[], { number, told }: { number: number; told: Told[] }): Part {
  const [first] = part;
  if (first?.lane == null) {
    const line = `${number}. ${part.map((step) => safe(step.title, 150)).join(' · ')}`;
    return { lanes: [], lines: [line], isKnown: false };
  }
  const lanes = [...Map.groupBy(part, (step) => step.lane?.name ?? '')].map(([name, own]) => ({
    name,
    about: commonSubject(own),
  }));
  const names = lanes.map(({ name }) => name);
  const pace = paceOf(names.length, first.lane.width);
  const many = names.length === 1 ? '' : `${countLanes(lanes)}${pace === '' ? '' : `, ${pace}`}: `;
  const head = `${number}. *${safe(first.lane.stage, 100)}*: ${many}${someNames(names, shownNames)}`;
  const recipe = recipeOf(part);
  const same = told.find((known) => known.recipe.join() === recipe.join());
  if (same !== undefined) return { lanes, lines: [head], isKnown: true };
  const more = told.find((known) => recipe.every((line) => known.recipe.includes(line)));
  told.push({ number, recipe });
  const what =
    more === undefined
      ? recipe.join(' · ')
      : `as in ${more.number}, without: ${more.recipe.filter((line) => !recipe.includes(line)).join(' · ')}`;
  return { lanes, lines: [head, `\u2003↳ ${names.length === 1 ? '' : 'each: '}${what}`], isKnown: false };
}

/** True for a stage whose neighbours on both sides, and the one before, do the same in their lanes. */
function isLikeNeighbours(parts: readonly Part[], index: number): boolean {
  return [index - 1, index, index + 1].every((at) => parts[at]?.isKnown === true);
}

/** Stages, and between them the steps that stand alone. */
function partsOf(steps: readonly PlanStep[]): readonly (readonly PlanStep[])[] {
  const parts: PlanStep[][] = [];
  for (const { stage, steps: own } of groupByStage(steps)) {
    const last = parts.at(-1);
    if (stage === null && last !== undefined && last[0]?.lane == null) last.push(...own);
    else parts.push([...own]);
  }
  return parts;
}

/** What is done in each lane of a stage, in words that fit them all. */
function recipeOf(part: readonly PlanStep[]): string[] {
  return [...Map.groupBy(part, (step) => step.kind).values()].map((alike) => {
    const [first = '', ...others] = new Set(alike.map(asIt));
    return `${safe(first, 150)}${others.length === 0 ? '' : ', and alike'}`;
  });
}

/** The title with `it` in place of the lane's subject, and without any other node's name. */
function asIt({ title, about, lane }: PlanStep): string {
  const name = lane?.name ?? '';
  if (name === '') return title;
  const named = withoutName(title, name, 'it');
  return about.kind === 'node' && about.label !== name ? withoutName(named, about.label, 'its node') : named;
}

function withoutName(title: string, name: string, instead: string): string {
  const parts = title.split(name);
  const isWord = (before: string, after: string) => !/[\w.]$/.test(before) && !/^[\w:]/.test(after);
  return parts.reduce((text, part) => `${text}${isWord(text, part) ? instead : name}${part}`);
}

/** The notes that a person reads before approving. If several give the same reason, the reason is written once. */
export function noteLines(notes: readonly string[]): string[] {
  const reasonOf = (note: string) => (note.includes(': ') ? note.slice(note.indexOf(': ')) : note);
  return [...Map.groupBy(notes, reasonOf).values()].flatMap((alike) => {
    const [first = ''] = alike;
    if (alike.length < 3) return alike.map((note) => `• ${safe(note, 300)}`);
    return [`• ${safe(first, 300)} (the same for ${alike.length - 1} more)`];
  });
}
