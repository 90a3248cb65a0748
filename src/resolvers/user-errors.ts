import { AppError, stopsRequest, toUserError, type UserError } from '../errors.ts';

/** The answer of a mutation: what it made, or why it made nothing. */
export async function withUserErrors<T extends object>(
  nothing: { readonly [K in keyof T]: null },
  work: () => Promise<T>,
): Promise<(T | { readonly [K in keyof T]: null }) & { userErrors: readonly UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (!(error instanceof AppError) || stopsRequest(error.code)) throw error;
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
