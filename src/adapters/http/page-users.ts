import type { ImpossibleUser, MetricSample } from './metrics-page.ts';
import { longestShown, mostOddities, type Oddities, shorten } from './page-oddities.ts';

export type Users = {
  /** One entry: all there is between the quote before the name and the end of the line that ends the entry. */
  add(family: string, entry: string): void;
  samples(): MetricSample[];
  readonly impossible: readonly ImpossibleUser[];
  impossibleCount(): number;
};

/** Different users of which the connections are kept, those that have some first. */
export const mostUsers = 1_000;

type Counted = { readonly family: string; readonly name: string; readonly value: number; isTwice: boolean };

/**
 * A frontend keeps every name that was ever used at its MySQL port until it is restarted, so there may be any number.
 * Samples are given for names without characters that mean something on the page. A name that has two entries has been
 * forged by another name, and no value.
 */
export function createUsers(oddities: Oddities): Users {
  const users = new Map<string, Counted>();
  const idle: string[] = [];
  const impossible: ImpossibleUser[] = [];
  let impossibleCount = 0;

  const makePlace = (value: number): boolean => {
    if (users.size < mostUsers) return true;
    const gone = value === 0 ? undefined : idle.pop();
    return gone !== undefined && users.delete(gone);
  };
  const count = (family: string, name: string, value: number) => {
    const series = `${family}\0${name}`;
    const known = users.get(series);
    if (known !== undefined) {
      if (!known.isTwice) oddities.add('CONTRADICTORY', `${family}{user="${name}"}`);
      known.isTwice = true;
      return;
    }
    if (!makePlace(value)) return oddities.add('TOO_MANY', `${family}{user="${name}"}`);
    users.set(series, { family, name, value, isTwice: false });
    if (value === 0) idle.push(series);
  };
  return {
    impossible,
    impossibleCount: () => impossibleCount,
    add(family, entry) {
      const end = entry.lastIndexOf('"}');
      const name = end === -1 ? entry : entry.slice(0, end);
      const valueText = end === -1 ? '' : entry.slice(end + 2).trim();
      const value = /^-?\d{1,15}(\.\d{1,15})?$/.test(valueText) ? Number(valueText) : null;
      const isHostile = /["\\{}\p{Cc}]/u.test(name);
      if (isHostile || !mayExist(name)) {
        impossibleCount += 1;
        if (impossible.length < mostOddities) impossible.push({ name: shortName(name), connections: value, isHostile });
      }
      if (isHostile || value === null || name.length > longestShown) return;
      count(family, Buffer.from(name).toString(), value);
    },
    samples: () =>
      [...users.values()].flatMap(({ family, name, value, isTwice }) =>
        isTwice ? [] : { name: family, labels: { user: name }, value },
      ),
  };
}

/** Begins with a letter, digit or `_`; then those, `-` and `.`, and one slash; 64 characters at most. */
function mayExist(name: string): boolean {
  return name.length <= 64 && /^\w[\w.-]*$/.test(name.replace(/(?<=^\w+)\//, ''));
}

/** As it is, blanks at its ends too, since they may be what is odd about it. */
function shortName(name: string): string {
  return name.length > longestShown ? shorten(name) : Buffer.from(name).toString();
}
