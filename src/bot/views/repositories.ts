import type { KnownBlock } from '@slack/web-api';
import type { SeenRepository } from '../../domain/backup/seen-repository.ts';
import type { SeenSnapshot } from '../../domain/backup/seen-snapshot.ts';
import { bytesInWords } from '../../domain/backup/sizes.ts';
import { code, context, count, date, fitLines, header, type Message, safe, section, sentence } from './text.ts';

type RepositoriesData = {
  readonly clusterName: string;
  readonly repositories: readonly SeenRepository[];
  readonly problems: readonly string[];
};

/** The repositories of a cluster: what they are, how they came to Starwarden, and how they are. */
export function repositoriesView({ clusterName, repositories, problems }: RepositoriesData): Message {
  const bad = repositories.filter(({ health }) => health === 'UNHEALTHY').length;
  const unknown = repositories.filter(({ health }) => health === 'UNKNOWN').length;
  const counted = count(repositories.length, 'repository', 'repositories');
  const text = `${clusterName}: ${counted}, ${bad} not usable, ${unknown} of unknown health.`;
  const blocks: KnownBlock[] = [
    header(`Repositories of ${clusterName}`),
    ...problemBlocks(problems),
    section(
      repositories.length === 0
        ? 'There is *no repository* that is known.'
        : fitLines(repositories.map(repositoryLine), 2_900),
    ),
    context('`/sr repositories &lt;cluster&gt; &lt;repository&gt;` shows what lies in one. Keys are never shown.'),
  ];
  return { text: safe(text, 300), blocks };
}

function repositoryLine(repository: SeenRepository): string {
  const { name, location, kind, isReadOnly, starRocksError, problem, checkedAt } = repository;
  const facts = [
    `${kind}${isReadOnly ? ', read-only' : ''}`,
    originInWords[repository.origin],
    ...(repository.usedBytes === null ? [] : [`${bytesInWords(repository.usedBytes)} used`]),
    ...(repository.freeBytes === null ? [] : [`${bytesInWords(repository.freeBytes)} free`]),
  ];
  const found = [
    ...(starRocksError === null ? [] : [safe(starRocksError, 300)]),
    ...(problem === null
      ? []
      : [`tried by Starwarden: ${safe(problem.message, 300)}, since ${date(problem.since, 'day')}`]),
    checkedAt === null ? 'never tried by Starwarden itself' : `last tried ${date(checkedAt, 'day')}`,
  ];
  return `• ${code(name, 64)} at ${code(location, 200)}: ${facts.join(', ')}. ${healthInWords[repository.health]}; ${found.join('; ')}.`;
}

const originInWords = {
  CREATED: 'created by Starwarden',
  TAKEN_OVER: 'made by hand and taken over',
  UNMANAGED: 'made by hand, only StarRocks knows it',
} as const;

const healthInWords = { WELL: 'Well', UNHEALTHY: '*NOT USABLE*', UNKNOWN: '*Health not known*' } as const;

type SnapshotsData = {
  readonly clusterName: string;
  readonly repository: SeenRepository;
  readonly snapshots: readonly SeenSnapshot[];
  readonly problems: readonly string[];
};

/** What lies in a repository, those first that are not ours, since they are shown nowhere else. */
export function snapshotsView({ clusterName, repository, snapshots, problems }: SnapshotsData): Message {
  const by = (owner: SeenSnapshot['owner']) => snapshots.filter((each) => each.owner === owner);
  const [foreign, unknown, ours] = [by('FOREIGN'), by('UNKNOWN'), by('OURS')];
  const told =
    problems.length > 0
      ? 'its snapshots could not be listed'
      : `${count(snapshots.length, 'snapshot')}, ${ours.length} ours, ${foreign.length} foreign, ${unknown.length} not certain`;
  const blocks: KnownBlock[] = [
    header(`Repository ${repository.name} of ${clusterName}`),
    section(repositoryLine(repository)),
    ...problemBlocks(problems),
    ...listOf('Not certain whose', unknown),
    ...listOf('Foreign', foreign),
    ...listOf('Ours', ours),
    context('What is foreign or not certain is shown and never touched. Names are as they stand in the store.'),
  ];
  return { text: safe(`${repository.name} of ${clusterName}: ${told}.`, 300), blocks };
}

function listOf(title: string, snapshots: readonly SeenSnapshot[]): readonly KnownBlock[] {
  if (snapshots.length === 0) return [];
  return [section(`*${title}*\n${fitLines(snapshots.map(snapshotLine), 2_800)}`)];
}

function snapshotLine({ name, timestamps, isComplete, status, notes }: SeenSnapshot): string {
  const [first] = timestamps;
  const when =
    first === undefined ? 'no time' : timestamps.length === 1 ? safe(first, 40) : `${timestamps.length} times`;
  const state = isComplete ? 'complete' : `*NOT COMPLETE* (${safe(status, 120)})`;
  return `• ${code(name, 120)}: ${when}, ${state}${notes.map((note) => `. ${safe(note, 200)}`).join('')}`;
}

function problemBlocks(problems: readonly string[]): readonly KnownBlock[] {
  return problems.length === 0 ? [] : [section(problems.map((problem) => sentence(safe(problem, 600))).join('\n'))];
}
