import { type DefinitionNode, type DocumentNode, Kind, print } from 'graphql';
import { permissionTable, roleTable } from '../domain/access.ts';
import { errorTable } from '../errors.ts';
import type { AnyOperation } from '../operations/define.ts';
import { type InputType, operationTypeName } from '../operations/input/input-field.ts';
import { permissionValue } from './permission-value.ts';
import { enumeration, extension, field, inputObject, inputValue, named, notNull } from './sdl.ts';

/**
 * The part of the schema that is made from the code: one mutation and its input types per operation, and the enums of
 * error codes, permissions and roles. Pure: the same registry gives the same definitions. Throws for an input that
 * GraphQL or Slack could not express, and when two types would get the same name.
 */
export function defineOperations(operations: readonly AnyOperation[]): DocumentNode {
  const types = new Map<string, DefinitionNode>();
  const mutations = operations.map((operation) => {
    const { name, fields } = operation;
    const inputType = `${operationTypeName(name)}Input`;
    addType(types, { kind: 'object', name: inputType, description: `What ${name} takes.`, fields });
    return mutation(operation, inputType);
  });
  return {
    kind: Kind.DOCUMENT,
    definitions: [
      ...ownEnums(),
      ...(mutations.length === 0 ? [] : [extension('Mutation', mutations)]),
      ...types.values(),
    ],
  };
}

/** The same as text, for people and for the diff of a review. */
export function printOperations(operations: readonly AnyOperation[]): string {
  const head = '# Printed from the operation registry by `npm run generate`; changes belong there.';
  return `${head}\n\n${print(defineOperations(operations))}\n`;
}

function ownEnums(): DefinitionNode[] {
  return [
    enumeration('UserErrorCode', {
      description: 'Why something was refused or failed; new values may be added.',
      values: meanings(errorTable),
    }),
    enumeration('Permission', {
      description: 'What a role allows; new values may be added.',
      values: Object.fromEntries(
        Object.entries(permissionTable).map(([name, allows]) => [permissionValue(name), allows]),
      ),
    }),
    enumeration('Role', { description: 'What a person may do.', values: meanings(roleTable) }),
  ];
}

function meanings(table: Readonly<Record<string, { readonly means: string }>>): Record<string, string> {
  return Object.fromEntries(Object.entries(table).map(([name, { means }]) => [name, means]));
}

function mutation(operation: AnyOperation, inputType: string) {
  return field(operation.name, {
    description: `${operation.summary} It needs the permission ${permissionValue(operation.permission)}.`,
    args: [
      inputValue('input', { description: 'What it is about.', type: notNull(inputType) }),
      inputValue('options', { description: 'How it is to be started.', type: named('RunOptions') }),
    ],
    type: notNull('OperationPayload'),
  });
}

function addType(types: Map<string, DefinitionNode>, type: InputType): void {
  if (type.kind === 'list') addType(types, type.of);
  if (type.kind !== 'enum' && type.kind !== 'object') return;
  if (types.has(type.name)) throw new Error(`Two input types would be called ${type.name}; rename a field`);
  if (type.kind === 'enum') {
    types.set(type.name, enumeration(type.name, { description: `The values of ${type.name}.`, values: type.values }));
    return;
  }
  types.set(type.name, inputObject(type.name, type));
  for (const each of type.fields) addType(types, each.type);
}
