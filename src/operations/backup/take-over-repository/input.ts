import { z } from 'zod';
import { clusterId, repositoryName } from '../../input/fields.ts';
import { s3OfStarwarden } from '../repositories/input.ts';

export const input = z.object({
  clusterId,
  name: repositoryName,
  s3: s3OfStarwarden
    .optional()
    .meta({ description: 'How Starwarden itself reaches the store; StarRocks keeps the key that it has.' }),
});

export type TakeOverRepositoryInput = z.infer<typeof input>;
