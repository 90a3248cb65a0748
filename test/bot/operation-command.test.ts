import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allCommands } from '../../src/bot/commands/all.ts';
import { kebab, parseCommand } from '../../src/bot/commands/grammar.ts';
import { operationCommand } from '../../src/bot/commands/operation-command.ts';
import { printCommand } from '../../src/bot/commands/print-command.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { AnyOperation } from '../../src/operations/define.ts';
import { operations } from '../../src/operations/index.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import type { InputField } from '../../src/operations/input/input-field.ts';
import { inputFields } from '../../src/operations/input/read-fields.ts';
import { createSteppedOperations } from './operations.ts';

const inSlack = operations.filter((operation) => operation.slack !== null);

function read(operation: AnyOperation, line: string) {
  const command = operationCommand(operation);
  if (command === null) throw new Error(`${operation.name} has no command`);
  const result = parseCommand(line, [command.spec]);
  if ('failure' in result) throw new Error(`${line}: ${result.failure.problem}`);
  return command.read(result.command);
}

/** Ids in place of names, as the bot puts them there. */
function withIds({ input, references }: ReturnType<typeof read>): JsonObject {
  const ids = references.map(({ field, kind, words, isList }) => {
    const id = `${{ cluster: 'clu', node: 'nod', removedNode: 'rmn', backup: 'bak', policy: 'bpl' }[kind]}_01J00000000000000000000000`;
    return [field, isList ? words.map(() => id) : id];
  });
  return { ...input, ...Object.fromEntries(ids) };
}

describe('the command of an operation', () => {
  it('is there for the operations that people need at night', () => {
    const verbs = allCommands(new Map(operations.map((operation) => [operation.name, operation]))).map(
      (each) => each.spec.verb,
    );
    expect(verbs).toEqual(expect.arrayContaining(['backup', 'restart', 'check', 'refresh']));
  });

  it.each(inSlack.flatMap((operation) => operation.slack?.examples.map((example) => ({ operation, example })) ?? []))(
    'reads its own example: $example',
    ({ operation, example }) => {
      const given = read(operation, example);
      // Of `be 10.0.0.14:9050` the first word alone names no node.
      const nodes = given.references.filter(({ kind }) => kind === 'node').flatMap(({ words }) => words);
      expect(nodes.filter((name) => /^(fe|be|cn)$/.test(name))).toEqual([]);
      const parsed = operation.input.safeParse(withIds(given));
      expect(parsed.error?.issues ?? []).toEqual([]);
    },
  );

  it.each(inSlack)('$name offers no secret on the command line', (operation) => {
    const spec = operationCommand(operation)?.spec;
    for (const { name } of operation.fields.filter(({ secret }) => secret)) {
      expect(spec?.flags.map((flag) => flag.name)).not.toContain(name);
      expect(spec?.positional.map((each) => each.name)).not.toContain(name);
    }
  });

  it('turns flags into values of the right kind', () => {
    const restart = operations.find((operation) => operation.name === 'restartNode');
    if (restart === undefined) throw new Error('restartNode is not in the registry');
    const line = 'restart prod-eu be 10.0.0.11:9050 --no-graceful --timeout-seconds 30 --accept-downtime';
    expect(read(restart, line)).toEqual({
      input: { graceful: false, timeoutSeconds: 30, acceptDowntime: true },
      references: [
        { field: 'clusterId', kind: 'cluster', words: ['prod-eu'], isList: false },
        { field: 'nodeId', kind: 'node', words: ['be 10.0.0.11:9050'], isList: false },
      ],
    });
  });

  it('leaves a number that is none to the schema, which says what is wrong', () => {
    const restart = operations.find((operation) => operation.name === 'restartNode');
    if (restart === undefined) throw new Error('restartNode is not in the registry');
    const { input } = read(restart, 'restart prod-eu be 10.0.0.11:9050 --timeout-seconds soon');
    expect(input.timeoutSeconds).toBe('soon');
  });

  it('refuses a field whose flag means something for every operation', () => {
    const [touch] = createSteppedOperations().operations;
    if (touch === undefined) throw new Error('no operation');
    const reason = z.string().meta({ description: 'Why.' });
    const clashing = { ...touch, fields: inputFields('Touch', z.object({ clusterId, reason })) };
    expect(() => operationCommand(clashing)).toThrow('--reason has a meaning for every operation already');
  });

  it('refuses two commands of one name', () => {
    const [touch] = createSteppedOperations().operations;
    if (touch === undefined || touch.slack === null) throw new Error('no operation');
    const clashing = { ...touch, slack: { ...touch.slack, verb: 'status' } };
    expect(() => allCommands(new Map([['touchCluster', clashing]]))).toThrow('two commands are called status');
  });
});

describe('a list of texts', () => {
  const commands = operations.flatMap((operation) => {
    const command = operationCommand(operation);
    return command === null ? [] : [command];
  });
  const isText = (field: InputField) => field.type.kind === 'list' && field.type.of.kind === 'text' && !field.secret;
  const lists = commands.flatMap(({ operation, ...command }) =>
    operation.fields.filter(isText).map((field) => ({ operation, field, ...command })),
  );
  /** As people type it: one line, no blanks at the ends; quotes, commas, equals signs and dashes are part of it. */
  const text = fc
    .oneof(
      fc.stringMatching(/^[a-zA-Z0-9,=:/"'\\ _.-]{1,20}$/),
      fc.constantFrom('/data1,medium:SSD', 'a,b', ',', 'mem_limit=80%', '--x', 'rack:r 1', 'über,ß'),
    )
    .map((value) => value.trim())
    .filter((value) => value !== '');

  it.each(lists.map((each) => [`${each.operation.name}.${each.field.name}`, each] as const))(
    '%s keeps what is in its values, commas too, when they stand in quotes',
    (_name, { operation, field, spec, read }) => {
      fc.assert(
        fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 4 }), (values) => {
          const place = spec.positional.find(({ name }) => name === field.name);
          const words = new Map(
            spec.positional.filter((each) => each.isNode !== true).map(({ name }) => [name, ['w']]),
          );
          for (const each of spec.positional.filter(({ isNode }) => isNode)) words.set(each.name, ['10.0.0.1:9050']);
          const needed = new Map(spec.flags.filter(({ isRequired }) => isRequired).map(({ name }) => [name, ['v']]));
          if (place === undefined) needed.set(kebab(field.name), values);
          else words.set(field.name, values);
          const line = printCommand(spec, { verb: spec.verb, words, flags: needed });
          const parsed = parseCommand(line, [spec]);
          if ('failure' in parsed) throw new Error(`${line}: ${parsed.failure.problem}`);
          // Plain values are printed together, before those in quotes.
          const found = z.array(z.string()).parse(read(parsed.command).input[field.name]);
          expect(found.toSorted()).toEqual(values.toSorted());
        }),
        { numRuns: 100 },
      );
      expect(operation.fields).toContain(field);
    },
  );

  it('is separated at commas where it stands in no quotes, and takes a flag more than once', () => {
    const add = commands.find(({ operation }) => operation.name === 'addBackends');
    if (add === undefined) throw new Error('addBackends has no command');
    const read = (typed: string) => {
      const parsed = parseCommand(`add-backends prod 10.0.0.1 --deploy-dir /opt/be ${typed}`, [add.spec]);
      return 'failure' in parsed ? parsed.failure.problem : add.read(parsed.command).input;
    };
    expect(read('--storage /a,/b --conf "x=1,2" --conf="y=3,4"')).toMatchObject({
      storage: ['/a', '/b'],
      conf: ['x=1,2', 'y=3,4'],
    });
    expect(read('--storage "/a,medium:SSD" --storage /b,/c')).toMatchObject({ storage: ['/a,medium:SSD', '/b', '/c'] });
  });
});
