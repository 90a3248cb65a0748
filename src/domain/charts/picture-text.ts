const invisible = /\p{Default_Ignorable_Code_Point}|\p{Bidi_Control}|[\u2028\u2029\uFFF9-\uFFFB]/gu;

/**
 * Text of users for a picture and its description: one line of at most `max` characters, without characters that cannot be
 * seen, that turn the direction of others, or that XML does not have. Never empty. What is too long loses its middle, since
 * addresses and names differ at their ends.
 */
export function pictureText(text: string, max: number): string {
  // Whatever its length: only so much is looked at.
  const line = text
    .slice(0, 2_000)
    .toWellFormed()
    .replace(invisible, '')
    .replace(/[\s\p{Cc}\p{Co}\p{Cn}]+/gu, ' ')
    .replace(/\p{M}{3,}/gu, (marks) => [...marks].slice(0, 2).join(''))
    .trim();
  const characters = [...line];
  if (characters.length === 0) return '-';
  if (characters.length <= max) return line;
  const head = Math.ceil((max - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (max - 1 - head)).join('')}`;
}
