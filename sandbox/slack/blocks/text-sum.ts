import { isObject, type Json } from '../json.ts';

/** All text that blocks show, added up; identifiers, addresses and values do not count. */
export function textSum(value: Json): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: Json) => sum + textSum(item), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce((sum, [key, item]) => {
    if (item === undefined) return sum;
    return sum + (key === 'text' && typeof item === 'string' ? item.length : textSum(item));
  }, 0);
}
