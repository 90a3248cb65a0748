/** Codes of the characters that the format gives a meaning. */
export const code = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  blank: 0x20,
  quote: 0x22,
  hash: 0x23,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
  equals: 0x3d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** 1 at the code of each byte that a name may have. */
export const isInName = Uint8Array.from({ length: 256 }, (_, at) => (/[\w:]/.test(String.fromCharCode(at)) ? 1 : 0));

export function isBlank(character: number): boolean {
  return character === code.blank || character === code.tab || character === code.carriageReturn;
}

/** The first place from `at` on, and before `end`, that is no blank; `end` if all are. */
export function skipBlanks(text: string, at: number, end: number): number {
  let place = at;
  while (place < end && isBlank(text.charCodeAt(place))) place += 1;
  return place;
}

/** The first place from `at` on, and before `end`, that belongs to no name. */
export function skipName(text: string, at: number, end: number): number {
  let place = at;
  while (place < end && isInName[text.charCodeAt(place)] === 1) place += 1;
  return place;
}
