import type { KnownBlock, ModalView } from '@slack/web-api';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { NameOf } from '../../domain/words.ts';
import { AppError } from '../../errors.ts';
import type { AnyOperation } from '../../operations/define.ts';
import type { InputField, ObjectType } from '../../operations/input/input-field.ts';
import { context, plain, section } from '../views/text.ts';
import { labelOf, leafBlock, switchBlock } from './form-blocks.ts';
import { blankItem, type FormPlace, isObject, listOf } from './form-path.ts';

const mostBlocks = 100;
/** Slack accepts 250,000 bytes; the rest is for what is put around the blocks. */
const mostBytes = 240_000;

/**
 * The form of an operation, made from its input alone: `readForm` reads it back. `values` is the input so far; a field
 * that is missing there shows its default. A list of objects has as many groups as `values` has items; an empty list that
 * may be empty offers one blank group. Secrets are never in a form.
 *
 * Throws `PRECONDITION_FAILED` when the form would be larger than Slack accepts.
 */
export function operationForm(
  { name, title, fields }: AnyOperation,
  { values, nameOf }: { readonly values: JsonObject; readonly nameOf: NameOf },
): ModalView {
  const secrets = secretsIn(fields);
  const blocks = [
    ...fieldBlocks(fields, values, { path: [], isOptional: false, nameOf }),
    ...(secrets.length === 0
      ? []
      : [context(`Secrets do not belong in a chat. Over the API only: ${secrets.map(labelOf).join(', ')}`)]),
  ];
  const view: ModalView = {
    type: 'modal',
    callback_id: 'operation',
    private_metadata: name,
    title: { type: 'plain_text', text: plain(title, 24) },
    submit: { type: 'plain_text', text: 'Preview' },
    close: { type: 'plain_text', text: 'Go back' },
    blocks,
  };
  if (blocks.length > mostBlocks || Buffer.byteLength(JSON.stringify(view)) > mostBytes)
    throw new AppError(
      'PRECONDITION_FAILED',
      `The form of ${name} would have ${blocks.length} parts, too many for Slack`,
      {
        hint: `Send the mutation \`${name}\` over the API.`,
      },
    );
  return view;
}

function fieldBlocks(fields: readonly InputField[], values: JsonObject, place: FormPlace): KnownBlock[] {
  return fields
    .filter(({ secret }) => !secret)
    .flatMap((field) => {
      const value = values[field.name] ?? field.defaultValue;
      const at = { ...place, path: [...place.path, field.name], isOptional: place.isOptional || !field.required };
      const { type } = field;
      if (type.kind === 'object') return objectBlocks(field, type, value, at);
      if (type.kind === 'list' && type.of.kind === 'object') return groupBlocks(field, type.of, value, at);
      return [leafBlock(field, value, at)];
    });
}

function objectBlocks(field: InputField, type: ObjectType, value: Json | undefined, at: FormPlace): KnownBlock[] {
  const members = isObject(value) ? value : {};
  const head = field.required ? section(headOf(field)) : switchBlock(field, { isOn: value !== undefined, at });
  return [head, ...fieldBlocks(type.fields, members, at)];
}

function groupBlocks(field: InputField, item: ObjectType, value: Json | undefined, at: FormPlace): KnownBlock[] {
  const items = listOf(value);
  if (items.length > 0 || field.required) {
    const shown = items.length > 0 ? items : [{}];
    return shown.flatMap((each, index) => [
      section(`${headOf(field)}${shown.length === 1 ? '' : ` (${index + 1} of ${shown.length})`}`),
      ...fieldBlocks(item.fields, isObject(each) ? each : {}, {
        ...at,
        path: [...at.path, String(index)],
        isOptional: at.isOptional && items.length === 0,
      }),
    ]);
  }
  const blank = { ...at, path: [...at.path, blankItem], isOptional: true };
  return [section(`${headOf(field)} (may be left blank)`), ...fieldBlocks(item.fields, {}, blank)];
}

function headOf(field: InputField): string {
  return `*${labelOf(field.name)}*: ${field.description}`;
}

function secretsIn(fields: readonly InputField[]): string[] {
  return fields.flatMap(({ name, type, secret }) => {
    if (secret) return [name];
    const inner = type.kind === 'list' ? type.of : type;
    return inner.kind === 'object' ? secretsIn(inner.fields) : [];
  });
}
