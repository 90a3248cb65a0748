import type { Cell } from '../../mysql/packets.ts';

/** What a SELECT reads: named columns and rows, from a table or from information_schema. */
export type Source = { columns: { name: string; type: string }[]; rows: Cell[][] };
