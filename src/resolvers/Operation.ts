import { needsConfirmation } from '../domain/approval.ts';
import { effectOn } from '../domain/effect-on-target.ts';
import type { AnyOperation } from '../operations/define.ts';
import { typeText } from '../operations/input/input-field.ts';
import { permissionValue } from '../schema/permission-value.ts';

export const Operation = {
  risk: (operation: AnyOperation) => operation.risk.toUpperCase(),
  effect: (operation: AnyOperation) => effectOn(operation).toUpperCase(),
  permission: (operation: AnyOperation) => permissionValue(operation.permission),
  needsConfirmation: (operation: AnyOperation) => needsConfirmation(operation.risk),
  fields: (operation: AnyOperation) =>
    operation.fields.map((field) => ({
      ...field,
      type: `${typeText(field.type)}${field.required ? '!' : ''}`,
    })),
  steps: (operation: AnyOperation) =>
    operation.steps.map(({ kind, undoImpossible, isTemporary }) => ({ kind, undoImpossible, temporary: isTemporary })),
  slackCommand: ({ slack }: AnyOperation) =>
    slack === null ? null : [slack.verb, ...slack.positional.map((field) => `<${field}>`)].join(' '),
};
