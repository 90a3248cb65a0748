import { parseLocation } from '../../../domain/backup/store-location.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import type { RepositoryRow } from '../../../domain/topology.ts';
import { accessOf, refusalsOfS3 } from '../repositories/input.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { tryStore } from '../repositories/try-store-step.ts';
import type { CreateRepositoryInput } from './input.ts';

export type CreateRepositoryFacts = {
  readonly repositories: readonly RepositoryRow[];
  readonly runMode: string | null;
};

/** Refuses a name that is in use, wherever that repository is, and a location that cannot be what it says. */
export function planCreateRepository(given: CreateRepositoryInput, facts: CreateRepositoryFacts): PlanResult {
  const refusals = [...refusalsOfName(given, facts), ...refusalsOfPlace(given)];
  if (refusals.length > 0) return { refusals };
  const { name, location, readOnly, s3, hdfs } = given;
  const access = accessOf(s3);
  const place = { name, location, readOnly };
  return {
    summary: `Create the ${readOnly ? 'read-only ' : ''}repository ${name} at ${location}`,
    steps: [
      ...(access === null ? [] : [tryStore.with({ ...place, access, isMounted: false })]),
      makeRepository.with({
        ...place,
        access,
        s3:
          s3 === undefined
            ? null
            : { endpoint: s3.endpoint ?? null, region: s3.region ?? null, pathStyle: s3.pathStyle },
        hdfs: hdfs === undefined ? null : { username: hdfs.username, passwordRef: hdfs.password ?? null },
      }),
    ],
    notes: notesOn(given, facts),
  };
}

function notesOn(
  { name, readOnly, location, s3 }: CreateRepositoryInput,
  facts: CreateRepositoryFacts,
): readonly string[] {
  const nobodySees = 'its objects are not seen by Starwarden, so sizes, completeness and deletion are not known there';
  return [
    ...(readOnly
      ? [`StarRocks writes a small object (__repo_info) into ${location} if it is not there, even read-only`]
      : []),
    ...(accessOf(s3) === null ? [`${name} is tried by StarRocks alone: ${nobodySees}`] : []),
    ...(facts.runMode === 'shared_data'
      ? [
          'This cluster keeps its data in object storage, so BACKUP is refused there; it can restore from a repository only in later versions',
        ]
      : []),
  ];
}

function refusalsOfName({ name }: CreateRepositoryInput, { repositories }: CreateRepositoryFacts): readonly Refusal[] {
  const taken = repositories.find((row) => row.name === name);
  if (taken === undefined) return [];
  return [
    {
      code: 'ALREADY_EXISTS',
      message: `The cluster has a repository ${name} already, at ${taken.location}`,
      hint: 'Choose another name, or take that one over with takeOverRepository.',
      path: ['input', 'name'],
    },
  ];
}

function refusalsOfPlace({ location, s3, hdfs }: CreateRepositoryInput): readonly Refusal[] {
  const kind = parseLocation(location)?.kind;
  const wrong = (message: string, hint: string, field = 'location'): Refusal => ({
    code: 'INVALID_INPUT',
    message,
    hint,
    path: ['input', field],
  });
  if (kind === undefined)
    return [
      wrong(`${location} is no location that can be relied on`, 'Give a URI without `..`, `?`, `#`, `%` or wildcards.'),
    ];
  if (kind === 'OTHER')
    return [
      wrong(
        `Starwarden creates repositories in stores that speak S3 and in HDFS, and ${location} is neither`,
        'Create it in StarRocks by hand, then take it over with takeOverRepository.',
      ),
    ];
  if (kind === 'HDFS')
    return [
      ...(s3 === undefined ? [] : [wrong(`${location} is no store that speaks S3`, 'Leave `s3` out.', 's3')]),
      ...(hdfs === undefined
        ? [wrong(`Who is to log in at ${location}?`, 'Give `hdfs` with a username.', 'hdfs')]
        : []),
    ];
  return [
    ...(hdfs === undefined ? [] : [wrong(`${location} is no HDFS`, 'Leave `hdfs` out.', 'hdfs')]),
    ...(s3 === undefined
      ? [wrong(`How is ${location} reached?`, 'Give `s3` with an endpoint or a region.', 's3')]
      : refusalsOfS3(location, s3)),
  ];
}
