import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { permissions, roles } from '../../src/domain/access.ts';
import { severities } from '../../src/domain/alert.ts';
import { approvalStates, risks } from '../../src/domain/approval.ts';
import { backupKinds, backupStates, verificationLevels } from '../../src/domain/backup/backup.ts';
import { runActions, runEventTypes, runStates, runVias, stepStates } from '../../src/domain/run.ts';
import { errorCodes } from '../../src/errors.ts';
import { operations } from '../../src/operations/index.ts';
import { buildSchemaOf } from '../../src/schema/build.ts';
import { generateFiles } from '../../src/schema/generate-files.ts';
import { permissionValue } from '../../src/schema/permission-value.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schema = buildSchemaOf(operations);

function described(from: GraphQLSchema): { name: string; description: string | null | undefined }[] {
  const own = Object.values(from.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  return own.flatMap((type) => {
    const parts = [{ name: type.name, description: type.description }];
    if (isEnumType(type))
      parts.push(
        ...type.getValues().map((value) => ({ name: `${type.name}.${value.name}`, description: value.description })),
      );
    if (isInputObjectType(type))
      parts.push(
        ...Object.values(type.getFields()).map((field) => ({
          name: `${type.name}.${field.name}`,
          description: field.description,
        })),
      );
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        parts.push({ name: `${type.name}.${field.name}`, description: field.description });
        parts.push(
          ...field.args.map((argument) => ({
            name: `${type.name}.${field.name}(${argument.name})`,
            description: argument.description,
          })),
        );
      }
    }
    return parts;
  });
}

describe('the schema', () => {
  it('describes every type, field, argument and enum value in a sentence', () => {
    const all = described(schema);
    expect(all.length).toBeGreaterThan(400);
    const silent = all.filter(({ description }) => !/^[A-Z`0-9].{2,300}[.…]$/su.test(description ?? ''));
    expect(silent.map(({ name, description }) => `${name}: ${description}`)).toEqual([]);
  });

  it.each(generateFiles(operations).map(({ path, text }) => [path, text] as const))(
    'is committed as it is printed: %s',
    (path, text) => {
      expect(readFileSync(`${root}${path}`, 'utf8') === text, `${path} is not up to date: npm run generate`).toBe(true);
    },
  );

  it.each([
    ['ApprovalState', approvalStates],
    ['BackupState', backupStates],
    ['BackupKind', backupKinds],
    ['VerificationLevel', verificationLevels],
    ['Permission', permissions.map(permissionValue)],
    ['Risk', risks.map((risk) => risk.toUpperCase())],
    ['Role', roles],
    ['RunAction', runActions],
    ['RunEventType', runEventTypes],
    ['RunState', runStates],
    ['RunVia', runVias],
    ['Severity', severities],
    ['StepState', stepStates.map((state) => state.toUpperCase())],
    ['UserErrorCode', errorCodes],
  ])('knows every value of %s that the code knows', (name, values) => {
    const type = schema.getType(name);
    expect(
      isEnumType(type) &&
        type
          .getValues()
          .map((value) => value.name)
          .toSorted(),
    ).toEqual([...values].toSorted());
  });

  it('has a mutation for every operation, all alike', () => {
    const mutations = schema.getMutationType()?.getFields() ?? {};
    for (const { name } of operations) {
      const typeName = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Input!`;
      expect(String(mutations[name]?.type)).toBe('OperationPayload!');
      expect(mutations[name]?.args.map((argument) => `${argument.name}: ${argument.type}`)).toEqual([
        `input: ${typeName}`,
        'options: RunOptions',
      ]);
    }
  });

  it('answers no secret: no output has a field for one', () => {
    const outputs = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter((type) => !isIntrospectionType(type));
    const fields = outputs.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
    // The one exception is a new token, which is shown once.
    expect(fields.filter((field) => /password|passphrase|privatekey|secretvalue|\.token$/i.test(field))).toEqual([
      'CreateTokenPayload.token',
    ]);
  });
});
