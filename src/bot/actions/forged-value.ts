import { AppError } from '../../errors.ts';

/** The error for a value that none of our buttons carries. */
export function forgedValue(): AppError {
  return new AppError('INVALID_INPUT', 'This button carries nothing that I know', {
    hint: 'Type the command instead; /sr help lists them.',
  });
}
