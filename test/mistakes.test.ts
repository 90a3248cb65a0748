import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { mistakesOf } from '../src/domain/mistakes.ts';
import { operations } from '../src/operations/index.ts';

const jargon = /expected|received|Invalid|Too (small|big)|>=|<=|undefined|NaN|pattern|Unrecognized/;

function told(shape: z.ZodType, given: unknown): readonly string[] {
  const parsed = shape.safeParse(given);
  if (parsed.success) throw new Error(`${JSON.stringify(given)} was taken`);
  return mistakesOf(parsed.error, given).map(({ message }) => message);
}

describe('a mistake in an input', () => {
  const file = z.file().min(2);
  it.each<[string, z.ZodType, unknown, string]>([
    ['invalid_type', z.object({ name: z.string() }), {}, 'name is missing'],
    ['invalid_type', z.object({ name: z.string() }), { name: null }, 'name must not be null'],
    ['invalid_type', z.object({ name: z.string() }), { name: 3 }, 'name must be text'],
    ['invalid_type', z.object({ port: z.int() }), { port: 'soon' }, 'port must be a number'],
    ['invalid_type', z.object({ port: z.int() }), { port: 1.5 }, 'port must be a whole number'],
    ['invalid_type', z.object({ port: z.coerce.number() }), { port: 'x' }, 'port must be a number'],
    ['invalid_type', z.object({ on: z.boolean() }), { on: 'yes' }, 'on must be true or false'],
    ['invalid_type', z.object({ list: z.array(z.string()) }), { list: 'a' }, 'list must be a list'],
    ['invalid_type', z.object({ at: z.date() }), { at: 'x' }, 'at must be a date'],
    ['invalid_type', z.object({}), 'x', 'The input must be an object with fields'],
    ['invalid_type', z.object({ list: z.array(z.object({ a: z.string() })) }), { list: [{}] }, 'list.0.a is missing'],
    ['too_small', z.string().min(3), 'ab', 'The input must have at least 3 characters'],
    ['too_small', z.string().min(1).regex(/^a/, 'Begins with a'), '', 'The input is empty'],
    ['too_small', z.array(z.string()).min(1), [], 'The input must have at least 1 entry'],
    ['too_small', z.number().min(5), 4, 'The input must be at least 5'],
    ['too_small', z.number().gt(5), 5, 'The input must be more than 5'],
    ['too_small', z.date().min(new Date(1)), new Date(0), 'The input must be later'],
    ['too_small', file, new File(['a'], 'a'), 'The input must have at least 2 bytes'],
    ['too_big', z.string().max(1), 'ab', 'The input must have at most 1 character'],
    ['too_big', z.array(z.string()).max(2), ['a', 'b', 'c'], 'The input must have at most 2 entries'],
    ['too_big', z.int().max(5), 6, 'The input must be at most 5'],
    ['invalid_format', z.string().regex(/^a$/, 'Only an a'), 'b', 'The input: Only an a'],
    ['invalid_format', z.string().regex(/^a$/), 'b', 'The input does not have the form that it should have'],
    ['invalid_format', z.url(), 'b', 'The input must be a URL'],
    ['not_multiple_of', z.number().multipleOf(5), 4, 'The input must be a multiple of 5'],
    ['unrecognized_keys', z.strictObject({}), { a: 1 }, 'The input has a field that nobody knows: a'],
    ['unrecognized_keys', z.strictObject({}), { a: 1, b: 2 }, 'The input has fields that nobody knows: a, b'],
    ['invalid_value', z.enum(['A', 'B']), 'C', 'The input must be one of A, B'],
    ['invalid_value', z.literal('A'), 'C', 'The input must be A'],
    ['invalid_union', z.union([z.object({ a: z.string() }), z.array(z.int())]), 4, 'The input has none of the forms'],
    ['invalid_key', z.record(z.string().min(2), z.int()), { a: 1 }, 'a has a name in it that is not allowed'],
    ['invalid_element', z.map(z.object({}), z.int()), new Map([[{}, 'x']]), 'The input holds something'],
    ['custom', z.string().refine((text) => text === 'a'), 'b', 'The input is not allowed'],
    ['custom', z.string().refine((text) => text === 'a', 'Only an a'), 'b', 'The input: Only an a'],
  ])('of the kind %s is told in plain words', (code, shape, given, words) => {
    expect(shape.safeParse(given).error?.issues.map((issue) => issue.code)).toContain(code);
    const [first = ''] = told(shape, given);
    expect(first).toContain(words);
    expect(first).not.toMatch(jargon);
  });

  it('is one mistake for each field', () => {
    const shape = z.object({ name: z.string().min(1).regex(/^a/, 'Begins with a'), other: z.string().min(1) });
    expect(told(shape, { name: '', other: '' })).toEqual(['name is empty', 'other is empty']);
  });

  const wrong: readonly unknown[] = [
    undefined,
    null,
    '',
    ' ',
    'ä"\'`;',
    'x'.repeat(20_000),
    -1,
    1.5,
    1e9,
    true,
    [],
    [''],
  ];
  const wronger: readonly unknown[] = [...wrong, [null], [{}], {}, { a: 1 }, Number.NaN, '\0'];

  it.each(operations.map((operation) => [operation.name, operation] as const))(
    'of %s is told without jargon, whatever a field is given',
    (_name, { input, example }) => {
      for (const field of Object.keys(input.shape)) {
        for (const value of wronger) {
          const given = { ...example, [field]: value };
          const parsed = input.safeParse(given);
          if (parsed.success) continue;
          const mistakes = mistakesOf(parsed.error, given);
          expect(new Set(mistakes.map(({ path }) => path.join('.'))).size).toBe(mistakes.length);
          for (const { message } of mistakes) expect(message).not.toMatch(jargon);
          expect(mistakes[0]?.message).toContain(field);
        }
      }
    },
  );
});
