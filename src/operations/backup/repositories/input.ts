import { z } from 'zod';
import { defaultEndpoint, parseLocation } from '../../../domain/backup/store-location.ts';
import type { Refusal } from '../../../domain/plan.ts';
import { secretText } from '../../input/fields.ts';

export const endpoint = z
  .string()
  .max(300)
  .regex(/^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/, 'http:// or https://, a host, and a port if it is another one')
  .meta({
    description: 'Where the store speaks S3, such as https://s3.example.org:9000; for AWS the region is enough.',
  });

export const region = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'Lower-case letters, digits and hyphens')
  .meta({ description: 'The region of the bucket, such as eu-central-1.' });

const whereS3Is = {
  endpoint: endpoint.optional(),
  region: region.optional(),
  pathStyle: z.boolean().default(false).meta({
    description: "Put the bucket's name into the path and not in front of the host; most stores but AWS want it.",
  }),
};

/** Anything else would break the header of a request. */
const key = secretText.max(1_024).regex(/^[\x21-\x7e]+$/, 'Letters, digits and signs of ASCII, without blanks');

const keyText = 'its value, `env:NAME` or `file:/path`. It is never shown again.';

/** For a store that StarRocks reaches too: the machines may have the right without a key. */
export const s3OfStarRocks = z.object({
  ...whereS3Is,
  accessKey: key.optional().meta({ secret: true, description: `The access key: ${keyText}` }),
  secretKey: key.optional().meta({ secret: true, description: `The secret key: ${keyText}` }),
});

export const s3OfStarwarden = z.object({
  ...whereS3Is,
  accessKey: key.meta({ secret: true, description: `The access key of Starwarden: ${keyText}` }),
  secretKey: key.meta({ secret: true, description: `The secret key of Starwarden: ${keyText}` }),
});

export type S3Given = {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly pathStyle: boolean;
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
};

/** How Starwarden reaches it; null = no key was given. */
export function accessOf(s3: S3Given | undefined) {
  if (s3?.accessKey === undefined || s3.secretKey === undefined) return null;
  const { accessKey, secretKey, pathStyle } = s3;
  return {
    ...{ endpoint: s3.endpoint ?? null, region: s3.region ?? null, pathStyle },
    ...{ accessKeyRef: accessKey, secretKeyRef: secretKey },
  };
}

/** What is wrong with how a store of this location is to be reached. */
export function refusalsOfS3(location: string, s3: S3Given): readonly Refusal[] {
  const parsed = parseLocation(location);
  const path = ['input', 's3'];
  if (parsed?.kind !== 'S3')
    return [
      { code: 'INVALID_INPUT', message: `${location} is no store that speaks S3`, hint: 'Leave `s3` out.', path },
    ];
  if ((s3.accessKey === undefined) !== (s3.secretKey === undefined))
    return [
      { code: 'INVALID_INPUT', message: 'Of the two keys only one was given', hint: 'Give both, or none.', path },
    ];
  if (s3.endpoint === undefined && defaultEndpoint(parsed.scheme, s3.region ?? null) === null)
    return [
      {
        code: 'INVALID_INPUT',
        message: `The endpoint of ${location} is not known`,
        hint: 'Give `endpoint`, or for AWS `region`.',
        path,
      },
    ];
  return [];
}
