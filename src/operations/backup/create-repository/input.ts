import { z } from 'zod';
import { clusterId, repositoryName, secretText } from '../../input/fields.ts';
import { s3OfStarRocks } from '../repositories/input.ts';

export const input = z.object({
  clusterId,
  name: repositoryName,
  location: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^[a-z][a-z0-9]*:\/\/[^\s\p{C}]+$/u, 'A URI such as s3://bucket/folder or hdfs://namenode:8020/folder')
    .meta({
      description: 'Where it is: s3://bucket/folder, another scheme that speaks S3, or hdfs://namenode:8020/folder.',
    }),
  readOnly: z
    .boolean()
    .default(false)
    .meta({ description: 'Only for restoring from it: StarRocks then takes no backup into it.' }),
  s3: s3OfStarRocks.optional().meta({
    description: 'How a store that speaks S3 is reached. Without keys the machines must have the right themselves.',
  }),
  hdfs: z
    .object({
      username: z
        .string()
        .min(1)
        .max(128)
        .regex(/^[^\s\p{C}]+$/u, 'No blanks or control characters')
        .meta({ description: 'The HDFS user.' }),
      password: secretText
        .optional()
        .meta({ secret: true, description: 'Its password, `env:NAME` or `file:/path`, where there is one.' }),
    })
    .optional()
    .meta({ description: 'Simple authentication at HDFS; Kerberos is set on the nodes.' }),
});

export type CreateRepositoryInput = z.infer<typeof input>;
