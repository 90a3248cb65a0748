import type { Response } from 'express';
import type { ErrorCode } from '../../errors.ts';

/** Answers a request that ends before GraphQL sees it, in the form that GraphQL clients know. */
export function respondWithError(
  response: Response,
  status: number,
  error: { code: ErrorCode; message: string; hint?: string | undefined; retryable?: boolean; requestId: string },
): void {
  const { code, message, hint, retryable, requestId } = error;
  response.status(status).json({
    errors: [
      {
        message,
        extensions: {
          code,
          ...(hint === undefined ? {} : { hint }),
          ...(retryable === undefined ? {} : { retryable }),
        },
      },
    ],
    extensions: { requestId },
  });
}
