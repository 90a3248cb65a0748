import type { ObjectProblem } from '../../../domain/backup/object-check.ts';
import { momentInWords } from '../../../domain/backup/periods.ts';
import { bytesInWords } from '../../../domain/backup/sizes.ts';
import { count } from '../../../domain/words.ts';
import type { ObjectsFound } from './check-objects.ts';

const namedProblems = 5;

export type Verdict = {
  /** Null = it could not be told. */
  readonly passed: boolean | null;
  /** A few sentences: what is wrong and where, or what was seen and what it rests on. */
  readonly message: string;
};

/** What follows from the objects that were found: anything that is wrong fails, anything that is open tells nothing. */
export function verdictOf(found: ObjectsFound): Verdict {
  const rest = restsOn(found);
  if (found.problems.length > 0)
    return { passed: false, message: sentences(`The backup is not whole: ${listed(found.problems)}`, ...rest) };
  if (found.unclear.length > 0)
    return {
      passed: null,
      message: sentences(`Whether it is whole could not be told: ${listed(found.unclear)}`, ...rest),
    };
  const all = `${count(found.objects, 'object')}, ${bytesInWords(found.bytes)}: all there, each with the MD5 that its name says`;
  return { passed: true, message: sentences(all, ...rest) };
}

/** What the result rests on, and what was seen beside it. */
function restsOn({ read, extra, extras, namesFiles, remembered }: ObjectsFound): string[] {
  const memory =
    remembered === null
      ? 'Its manifest names no files, so a loss before this first look would not show'
      : `Compared with what was there ${momentInWords(remembered.at.getTime())}`;
  return [
    ...(read.objects === 0
      ? []
      : [
          `Read for this: ${count(read.objects, 'object')}, ${bytesInWords(read.bytes)}, of which the store has no MD5`,
        ]),
    ...(namesFiles ? [] : [memory]),
    ...(extras === 0 ? [] : [`Beside it lie ${count(extras, 'object')} that do not belong to it: ${extra.join(', ')}`]),
  ];
}

function listed(problems: readonly ObjectProblem[]): string {
  const named = problems.slice(0, namedProblems).map(({ where, what }) => `${where}: ${what}`);
  const more = problems.length - named.length;
  return `${named.join('; ')}${more === 0 ? '' : `; and ${more} more`}`;
}

function sentences(...parts: readonly string[]): string {
  return parts.map((part) => `${part}.`).join(' ');
}
