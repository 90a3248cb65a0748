import type { AnyOperation } from '../operations/define.ts';
import {
  type InputField,
  type InputType,
  inputFields,
  operationTypeName,
  typeText,
} from '../operations/input/input-shape.ts';
import { errorCodeDescriptions, permissionDescriptions, permissionValue } from './vocabulary.ts';

/**
 * Prints the part of the schema that the code owns: one mutation and its input types per operation, and the enums of
 * error codes and permissions. Pure: the same registry gives the same text. Throws for an input that GraphQL or Slack
 * could not carry, and when two types would get the same name.
 */
export function printOperations(operations: readonly AnyOperation[]): string {
  const types = new Map<string, string>();
  const mutations = operations.map((operation) => {
    const typeName = operationTypeName(operation.name);
    const fields = inputFields(typeName, operation.input);
    addType(types, { kind: 'object', name: `${typeName}Input`, description: `What ${operation.name} takes.`, fields });
    return mutation(operation, `${typeName}Input`);
  });
  const blocks = [
    '# Printed from the operation registry by `npm run generate`; changes belong there.',
    enumType('UserErrorCode', 'Why something was refused or failed; new values may be added.', errorCodeDescriptions),
    enumType('Permission', 'What a role allows; new values may be added.', permissions()),
    ...(mutations.length === 0 ? [] : [`extend type Mutation {\n${mutations.join('\n')}\n}`]),
    ...types.values(),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function permissions(): Record<string, string> {
  const described: Record<string, string> = {};
  for (const [permission, description] of Object.entries(permissionDescriptions)) {
    described[permissionValue(permission)] = description;
  }
  return described;
}

function mutation(operation: AnyOperation, inputType: string): string {
  const needs = `It needs the permission ${permissionValue(operation.permission)}.`;
  return [
    `  ${quote(`${operation.summary} ${needs}`)}`,
    `  ${operation.name}(`,
    `    "What it is about."`,
    `    input: ${inputType}!`,
    `    "How it is to be started."`,
    `    options: RunOptions`,
    '  ): OperationPayload!',
  ].join('\n');
}

function addType(types: Map<string, string>, type: InputType): void {
  if (type.kind === 'list') addType(types, type.of);
  if (type.kind === 'list' || type.kind === 'scalar') return;
  if (types.has(type.name)) throw new Error(`Two input types would be called ${type.name}; rename a field`);
  if (type.kind === 'enum') {
    types.set(type.name, enumType(type.name, `The values of ${type.name}.`, type.values));
    return;
  }
  types.set(type.name, objectType(type.name, type.description, type.fields));
  for (const field of type.fields) addType(types, field.type);
}

function objectType(name: string, description: string, fields: readonly InputField[]): string {
  const lines = fields.flatMap((field) => {
    const fallback = field.defaultValue === undefined ? '' : ` = ${literal(field.type, field.defaultValue)}`;
    return [
      `  ${quote(field.description)}`,
      `  ${field.name}: ${typeText(field.type)}${field.required ? '!' : ''}${fallback}`,
    ];
  });
  return `${quote(description)}\ninput ${name} {\n${lines.join('\n')}\n}`;
}

function enumType(name: string, description: string, values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).flatMap(([value, meaning]) => [`  ${quote(meaning)}`, `  ${value}`]);
  return `${quote(description)}\nenum ${name} {\n${lines.join('\n')}\n}`;
}

/** A default as GraphQL writes it; enum values are bare words there, and object keys have no quotes. */
function literal(type: InputType, value: NonNullable<InputField['defaultValue']> | null): string {
  if (type.kind === 'enum') return String(value);
  if (type.kind === 'list' && Array.isArray(value))
    return `[${value.map((item) => literal(type.of, item)).join(', ')}]`;
  if (type.kind === 'object' && typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => {
      const field = type.fields.find((candidate) => candidate.name === key);
      if (field === undefined || member === undefined)
        throw new Error(`The default of ${type.name} names ${key}, which it does not have`);
      return `${key}: ${literal(field.type, member)}`;
    });
    return `{ ${members.join(', ')} }`;
  }
  return JSON.stringify(value);
}

/** JSON's quoting of a string is GraphQL's too. */
function quote(text: string): string {
  return JSON.stringify(text);
}
