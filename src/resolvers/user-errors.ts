import { AppError, type ErrorCode, toUserError, type UserError } from '../errors.ts';

/** The caller cannot proceed at all: these stand in `errors`, everything else that can be explained in `userErrors`. */
const topLevelCodes: ReadonlySet<ErrorCode> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'BAD_USER_INPUT',
  'INTERNAL_SERVER_ERROR',
  'STORE_UNAVAILABLE',
]);

/** What a mutation answers: what it made, or why it made nothing. */
export async function withUserErrors<T extends object>(
  nothing: { readonly [K in keyof T]: null },
  work: () => Promise<T>,
): Promise<(T | { readonly [K in keyof T]: null }) & { userErrors: readonly UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (!(error instanceof AppError) || topLevelCodes.has(error.code)) throw error;
    return { ...nothing, userErrors: [toUserError(error)] };
  }
}

const maxCommentLength = 1000;

/** A comment as it may be stored. */
export function checkComment(comment: string | null | undefined): string | null {
  if (comment == null || comment === '') return null;
  if (comment.length <= maxCommentLength) return comment;
  throw new AppError('INVALID_INPUT', `comment has at most ${maxCommentLength} characters`, {
    hint: 'Shorten it.',
    path: ['comment'],
  });
}
