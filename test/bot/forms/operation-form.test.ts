import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { inWords } from '../../../sandbox/slack/blocks/rules.ts';
import { viewProblems } from '../../../sandbox/slack/blocks/views.ts';
import { objectOf, objectsOf, type JsonObject as SlackJson } from '../../../sandbox/slack/json.ts';
import { defaultSettings } from '../../../sandbox/slack/settings.ts';
import { initialState } from '../../../sandbox/slack/workspace/state.ts';
import { operationForm } from '../../../src/bot/forms/operation-form.ts';
import { formState, readForm } from '../../../src/bot/forms/read-form.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import type { AnyOperation } from '../../../src/operations/define.ts';
import { operations } from '../../../src/operations/index.ts';
import type { InputField, InputType } from '../../../src/operations/input/input-field.ts';
import { inputFields } from '../../../src/operations/input/read-fields.ts';

const nameOf = (id: string) => `the one called ${id}`;

/** As it goes over the wire. */
function viewOf(operation: AnyOperation, values: JsonObject): SlackJson {
  return z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(operationForm(operation, { values, nameOf }))));
}

function problemsIn(view: SlackJson): string[] {
  return [...inWords(viewProblems(view, { type: 'modal', settings: defaultSettings }))];
}

/** What Slack sends when a person presses the button without having touched anything. */
function untouched(view: SlackJson) {
  return formState.parse(initialState(view));
}

/** The values as they come back: without secrets, defaults said, empty lists only where they answer something. */
function asRead(fields: readonly InputField[], values: JsonObject): JsonObject {
  const members = fields
    .filter(({ secret }) => !secret)
    .map((field) => [field.name, memberAsRead(field, values[field.name] ?? field.defaultValue)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function memberAsRead({ type, required, defaultValue }: InputField, value: Json | undefined): Json | undefined {
  if (value === undefined) return undefined;
  if (type.kind === 'object') return asRead(type.fields, z.record(z.string(), z.json()).parse(value));
  if (type.kind !== 'list') return value;
  const items = z.array(z.json()).parse(value);
  const { of } = type;
  if (items.length === 0 && !required && defaultValue === undefined) return undefined;
  return of.kind === 'object'
    ? items.map((item) => asRead(of.fields, z.record(z.string(), z.json()).parse(item)))
    : items;
}

/** Any input of these fields, as far as types go; texts are such as people type. */
function anyInput(fields: readonly InputField[]): fc.Arbitrary<JsonObject> {
  const members = fields.map((field) => [field.name, anyOf(field.type)] as const);
  const requiredKeys = fields.filter(({ required }) => required).map(({ name }) => name);
  return fc.record(Object.fromEntries(members), { requiredKeys });
}

function anyOf(type: InputType): fc.Arbitrary<Json> {
  switch (type.kind) {
    case 'id':
      return fc.constantFrom('clu_01J00000000000000000000000', 'nod_01J00000000000000000000000');
    case 'text':
      return anyText(type.maxLength);
    case 'integer':
      return fc.integer({ min: type.min, max: type.max });
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...Object.keys(type.values));
    case 'object':
      return anyInput(type.fields);
    case 'list':
      return type.of.kind === 'id' || type.of.kind === 'enum'
        ? fc.uniqueArray(anyOf(type.of), { maxLength: 3 })
        : fc.array(anyOf(type.of), { minLength: type.of.kind === 'object' ? 1 : 0, maxLength: 3 });
    default:
      return type satisfies never;
  }
}

function anyText(most: number | null): fc.Arbitrary<string> {
  const length = Math.min(most ?? 60, 60);
  const isTyped = (text: string) => text.length <= length && /^[^\s\p{C}][^\p{C}\p{Zl}\p{Zp}]*$/u.test(text);
  return fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isTyped);
}

/** Whether a place in an input is that of a secret, also inside of a record. */
function isSecret(fields: readonly InputField[], [name, ...rest]: readonly PropertyKey[]): boolean {
  const field = fields.find((each) => each.name === name);
  if (field === undefined) return false;
  return field.secret || (field.type.kind === 'object' && isSecret(field.type.fields, rest));
}

describe.each(operations.map((operation) => [operation.name, operation] as const))(
  'the form of %s',
  (_name, operation) => {
    it('is a view that Slack takes, empty and filled in', () => {
      expect(problemsIn(viewOf(operation, {}))).toEqual([]);
      expect(problemsIn(viewOf(operation, operation.example))).toEqual([]);
    });

    it('gives its example back, which the operation takes but for the secrets', () => {
      const read = readForm(operation.fields, untouched(viewOf(operation, operation.example)));
      expect(read).toEqual(asRead(operation.fields, operation.example));
      const issues = operation.input.safeParse(read).error?.issues ?? [];
      const missing = issues.filter(({ path }) => !isSecret(operation.fields, path));
      expect(missing).toEqual([]);
    });

    it('gives whatever was filled in back as it was', () => {
      fc.assert(
        fc.property(anyInput(operation.fields), (values) => {
          const view = viewOf(operation, values);
          expect(problemsIn(view)).toEqual([]);
          expect(readForm(operation.fields, untouched(view))).toEqual(asRead(operation.fields, values));
        }),
        { numRuns: 40 },
      );
    });

    it('holds no secret, and no field for one', () => {
      const secret = (fields: readonly InputField[]): string[] =>
        fields.flatMap((field) => {
          const inner = field.type.kind === 'list' ? field.type.of : field.type;
          return field.secret ? [field.name] : inner.kind === 'object' ? secret(inner.fields) : [];
        });
      const names = secret(operation.fields);
      const view = viewOf(operation, {
        ...operation.example,
        ...Object.fromEntries(names.map((name) => [name, 'hunter2'])),
      });
      const ways = objectsOf(view.blocks).map((block) =>
        String(block.block_id ?? '')
          .split('.')
          .at(-1),
      );
      for (const name of names) expect(ways).not.toContain(name);
      expect(JSON.stringify(view)).not.toContain('hunter2');
    });
  },
);

const about = { description: 'A thing.' };

function toy(shape: z.ZodRawShape): AnyOperation {
  const [first] = operations;
  if (first === undefined) throw new Error('no operation');
  return { ...first, fields: inputFields('Toy', z.object(shape)) };
}

/** What comes back when these elements hold something else than at first. */
function changed(operation: AnyOperation, values: JsonObject, entries: Record<string, SlackJson>) {
  const state = initialState(viewOf(operation, values));
  for (const [way, held] of Object.entries(entries)) {
    if (state[way] === undefined) throw new Error(`there is no block ${way}, but ${Object.keys(state).join(', ')}`);
    state[way] = { value: held };
  }
  return readForm(operation.fields, formState.parse(state));
}

describe('a form', () => {
  const server = z.object({ host: z.string().meta(about), port: z.int().min(1).max(9).default(4).meta(about) });
  const operation = toy({
    mode: z.enum(['FAST', 'VERY_SAFE']).meta({ ...about, values: { FAST: 'Soon.', VERY_SAFE: 'Well.' } }),
    isUrgent: z.boolean().optional().meta(about),
    graceful: z.boolean().default(true).meta(about),
    names: z.array(z.string()).default(['a']).meta(about),
    servers: z.array(server).optional().meta(about),
    tls: z
      .object({ verify: z.boolean().default(true).meta(about), ca: z.string().max(100_000).optional().meta(about) })
      .optional()
      .meta(about),
  });

  it('leaves out what was left blank, and says what was cleared', () => {
    expect(changed(operation, {}, {})).toEqual({ graceful: true, names: ['a'] });
    const cleared = changed(operation, {}, { names: { value: null }, graceful: { selected_options: [] } });
    expect(cleared).toEqual({ graceful: false, names: [] });
  });

  it('reads what was typed, picked and switched on', () => {
    const read = changed(
      operation,
      {},
      {
        mode: { selected_option: { value: 'VERY_SAFE' } },
        isUrgent: { selected_option: { value: 'false' } },
        names: { value: 'x\n\n y ' },
        'servers.?.host': { value: 'db-1' },
        'servers.?.port': { value: 'seven' },
        tls: { selected_options: [{ value: 'true' }] },
      },
    );
    expect(read).toEqual({
      mode: 'VERY_SAFE',
      isUrgent: false,
      graceful: true,
      names: ['x', ' y '],
      servers: [{ host: 'db-1', port: 'seven' }],
      tls: { verify: true },
    });
  });

  it('has a group for each item that there is, in their order', () => {
    const servers = Array.from({ length: 12 }, (_, index) => ({ host: `db-${index}`, port: 4 }));
    expect(changed(operation, { servers }, { 'servers.3.host': { value: 'other' } }).servers).toEqual(
      servers.with(3, { host: 'other', port: 4 }),
    );
  });

  it('asks for nothing inside of what may be left out', () => {
    const blocks = objectsOf(viewOf(operation, {}).blocks).filter(({ type }) => type === 'input');
    expect(blocks.filter(({ optional }) => optional !== true).map((block) => block.block_id)).toEqual(['mode']);
    expect(objectOf(blocks.find((block) => block.block_id === 'tls.ca')?.element).multiline).toBe(true);
  });

  it('is refused when it would be more than Slack takes, or would lose what is there', () => {
    const servers = Array.from({ length: 40 }, () => ({ host: 'db', port: 4 }));
    expect(() => viewOf(operation, { servers })).toThrow(/would have \d+ parts, too many for Slack/);
    expect(() => viewOf(operation, { tls: { ca: 'x'.repeat(3_001) } })).toThrow('does not fit into a form');
    expect(() => viewOf(operation, { names: ['two\nlines'] })).toThrow('does not fit into a form');
  });
});
