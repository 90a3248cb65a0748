import { limits } from '../limits.ts';
import { richText } from './rich-text.ts';
import { boolean, byType, list, number, object, oneOf, type Rule, string } from './rules.ts';
import { blockId } from './text.ts';

const cell = byType({
  raw_text: object({ required: { type: oneOf('raw_text'), text: string() } }),
  raw_number: object({ required: { type: oneOf('raw_number'), value: number, text: string() } }),
  rich_text: richText,
});

const column = object({ optional: { align: oneOf('left', 'center', 'right'), is_wrapped: boolean } });

export const table: Rule = object({
  required: {
    type: oneOf('table'),
    rows: list(list(cell, { min: 1, max: limits.table.columns }), { min: 1, max: limits.table.rows }),
  },
  optional: { block_id: blockId, column_settings: list(column, { max: limits.table.columns }) },
});
