/** Markup that is safe to put into a page as it is. */
export type Html = { readonly markup: string };

export type Part = string | number | null | Html | readonly Html[];

/** Builds markup; every value that is not markup already is escaped. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const markup = strings.reduce((text, piece, index) => text + markupOf(parts[index - 1] ?? null) + piece);
  return { markup };
}

export const nothing: Html = { markup: '' };

export function raw(markup: string): Html {
  return { markup };
}

export function escapeHtml(text: string): string {
  const entities = new Map([
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['>', '&gt;'],
    ['"', '&quot;'],
    ["'", '&#39;'],
  ]);
  return text.replace(/[&<>"']/g, (character) => entities.get(character) ?? '');
}

function markupOf(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map((each) => each.markup).join('');
}
