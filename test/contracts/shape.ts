/** What kind of text a cell holds: enough to tell `1.000 GB` from `1000000000`, and not more than two clusters share. */
export function formatOf(cell: unknown): string {
  if (cell === null) return 'null';
  const text = String(cell);
  if (text === '') return 'empty';
  if (/^-?\d+$/.test(text)) return 'integer';
  if (/^-?\d+\.\d+$/.test(text)) return 'decimal';
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return 'time';
  if (/^\d{4}(-\d\d){5}-\d{3}$/.test(text)) return 'timestamp';
  if (/^\d+(\.\d{3})? [KMGTP]?B$/.test(text)) return 'size with a blank';
  if (/^\d+(\.\d{3})?[KMGTP]?B$/.test(text)) return 'size';
  if (/^\d+\.\d{2} %$/.test(text)) return 'percent, two digits';
  if (/^\d+\.\d %$/.test(text)) return 'percent, one digit';
  if (text === 'true' || text === 'false') return 'boolean';
  return 'text';
}

/** The formats seen in each column, sorted. */
export function formatsOf(width: number, rows: readonly unknown[]): string[][] {
  return Array.from({ length: width }, (_, at) => {
    const seen = rows.map((row) => formatOf(Array.isArray(row) ? row[at] : null));
    return [...new Set(seen)].sort();
  });
}

/**
 * A message without what differs from one cluster to the next: times, and lists of backend ids. Of a syntax error only
 * that it is one: its place moves with the length of addresses, and the words it proposes are those of another grammar.
 */
export function plainText(message: string): string {
  if (message.startsWith('Getting syntax error at line')) return 'Getting syntax error at line';
  return message
    .replace(/\[\d+(, ?\d+)+\]/g, '[ids]')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '<time>')
    .replace(/: (Temporary failure in name resolution|Name or service not known)/g, '');
}
