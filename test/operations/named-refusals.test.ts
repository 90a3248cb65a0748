import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { errorCodes } from '../../src/errors.ts';

/*
 * Every refusal by which nodes, tablets and hosts are guarded has a test that shows it. What a refusal says is found in the
 * sources, beside its code, and three words of it in a row have to stand in a test: a guard that nobody has shown is found on the
 * day on which it is written. What comes from a parameter (`message` that a caller gives) is not found beside the code.
 */

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .toSorted()
    .map((file) => ({ file, text: readFileSync(root + file, 'utf8') }));

const guards = ['operations/{topology,node,tablet,host}', 'domain/{topology-change,deploy,run-control,tablets}'];
const sources = guards.flatMap((part) => read(`src/${part}/**/*.ts`));

const codes: ReadonlySet<string> = new Set(errorCodes);
const literal =
  /`(?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*`|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;

/** Texts between a code and its hint; hints end with a full stop, messages do not. */
function messagesIn(text: string): string[] {
  return [...text.matchAll(/(?:AppError\(\s*|\bcode: |\brefuse\w*\(\s*)'([A-Z_]+)'/g)].flatMap((match) => {
    if (!codes.has(match[1] ?? '')) return [];
    const from = match.index + match[0].length;
    const hint = text.indexOf('hint', from);
    const beside = text.slice(from, hint >= from && hint < from + 700 ? hint : from + 300);
    const found = [...beside.matchAll(literal)].map(([quoted]) => quoted.slice(1, -1));
    return found.filter((message) => message.includes(' ') && !/[.!?]$/.test(message));
  });
}

/** The words of a text, without its values, marks and regular expressions' escapes. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/[^\p{L}\p{N}_$]+/gu, ' ')
    .trim()
    .split(' ');
}

/** Three in a row, of one piece between two values; a shorter piece as a whole, where it says something. */
function phrasesOf(message: string): string[] {
  const pieces = message.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/).map(wordsOf);
  return pieces.flatMap((words) => {
    if (words.length < 3) return words.join(' ').length > 8 ? [words.join(' ')] : [];
    return words.slice(2).map((_, at) => words.slice(at, at + 3).join(' '));
  });
}

const tests = ` ${wordsOf(
  read('test/{domain,operations,runs,monitor,resolvers,system,long}/**/*.test.ts')

    .filter(({ file }) => !file.endsWith('/named-refusals.test.ts'))
    .map(({ text }) => text)
    .join('\n'),
).join(' ')} `;
const isShown = (message: string) => {
  const phrases = phrasesOf(message);
  return phrases.length === 0 || phrases.some((phrase) => tests.includes(` ${phrase} `));
};

it('finds what refusals say', () => {
  const value = '$' + '{b}';
  const source = `throw new AppError('NOT_FOUND', 'No node of it', { hint: 'Look again.' }); return { code: 'NOT_FOUND',
    message: a ? 'one is away' : \`${value} is gone\`, hint: 'Look there.' }`;
  expect(messagesIn(source)).toEqual(['No node of it', 'one is away', `${value} is gone`]);
  expect(phrasesOf(`Whether ${value} holds a tablet is unknown`)).toEqual([
    'holds a tablet',
    'a tablet is',
    'tablet is unknown',
  ]);
  expect(isShown(`purple elephants refuse ${value} jobs`)).toBe(false);
  expect(sources.flatMap(({ text }) => messagesIn(text)).length).toBeGreaterThan(150);
});

it('every one of them is shown by a test', () => {
  const silent = sources.flatMap(({ file, text }) =>
    messagesIn(text)
      .filter((message) => !isShown(message))
      .map((message) => `${file}: ${message}`),
  );
  expect(silent, 'no test has three words in a row of these').toEqual([]);
});
