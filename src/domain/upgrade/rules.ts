/** The lines that these rules know, oldest first. 3.5 is followed by 4.0: a step of one place is a step of one minor version. */
export const knownLines = ['2.5', '3.0', '3.1', '3.2', '3.3', '3.4', '3.5', '4.0', '4.1'] as const;
export type KnownLine = (typeof knownLines)[number];

export type PathVerdict = 'ALLOWED' | 'DISCOURAGED' | 'FORBIDDEN';

/** Releases of one line, from `from` on (inclusive) and below `below`; candidates of `below` count as below it. */
export type ReleaseRange = { readonly line: KnownLine; readonly from?: string; readonly below?: string };

/** What is known about going from some releases to others. Where several match, the worst verdict counts. */
export type PathRule = {
  readonly id: string;
  readonly from: ReleaseRange;
  readonly to: ReleaseRange;
  readonly verdict: Exclude<PathVerdict, 'ALLOWED'>;
  readonly reason: string;
  /** Where StarRocks says so. */
  readonly source: string;
};

/** A release that was withdrawn after it came out. */
export type WithdrawnRelease = { readonly version: string; readonly reason: string; readonly source: string };

const notes = (line: string, section: string) => `StarRocks release notes ${line}, ${section}`;
const guide = (page: string) => `StarRocks documentation, deployment/${page}`;

/** Read from StarRocks' own release notes up to 4.1 and its pages on upgrading and downgrading. */
export const pathRules: readonly PathRule[] = [
  {
    id: '3.0-to-2.5',
    from: { line: '3.0' },
    to: { line: '2.5', below: '2.5.3' },
    verdict: 'FORBIDDEN',
    reason: 'From 3.0 there is a way back to 2.5.3 and later only',
    source: guide('downgrade.md'),
  },
  {
    id: '3.0-to-2.5-library',
    from: { line: '3.0' },
    to: { line: '2.5' },
    verdict: 'FORBIDDEN',
    reason: 'A 2.5 after 3.0 needs the BDB library of 3.0 copied into its lib/ by hand, or its frontends do not start',
    source: guide('downgrade.md'),
  },
  {
    id: '3.1-to-3.2-restart',
    from: { line: '3.1', below: '3.1.3' },
    to: { line: '3.2', below: '3.2.2' },
    verdict: 'DISCOURAGED',
    reason: 'Frontends may not start again after an upgrade from 3.1.2 or earlier; mended in 3.2.2',
    source: notes('3.2', '3.2.2'),
  },
  {
    id: '3.3-to-3.2-metadata',
    from: { line: '3.3' },
    to: { line: '3.2', below: '3.2.3' },
    verdict: 'FORBIDDEN',
    reason: 'Going back from 3.3 to a 3.2 before 3.2.3 loses metadata',
    source: notes('3.3', 'warning on top'),
  },
  {
    id: '3.3.9-to-3.2',
    from: { line: '3.3', from: '3.3.9' },
    to: { line: '3.2', below: '3.2.11' },
    verdict: 'FORBIDDEN',
    reason: 'From 3.3.9 on there is a way back to 3.2.11 and later only',
    source: notes('3.3', '3.3.9'),
  },
  {
    id: '3.3-to-3.2-care',
    from: { line: '3.3' },
    to: { line: '3.2' },
    verdict: 'DISCOURAGED',
    reason:
      'Before going back to 3.2: schema changes ended and their history cleared (history_job_keep_max_second = 0), temporary tables dropped, renamed columns named as before',
    source: notes('3.3', '3.3.0, 3.3.1 and 3.3.2'),
  },
  {
    id: '3.4-to-3.3',
    from: { line: '3.4' },
    to: { line: '3.3', below: '3.3.9' },
    verdict: 'FORBIDDEN',
    reason: 'From 3.4 there is a way back to 3.3.9 and later only',
    source: notes('3.4', '3.4.0'),
  },
  {
    id: '3.4.0-to-3.4.2',
    from: { line: '3.4', from: '3.4.0', below: '3.4.1' },
    to: { line: '3.4', from: '3.4.2', below: '3.4.4' },
    verdict: 'DISCOURAGED',
    reason: 'Many tablets were in error after an upgrade from 3.4.0 to 3.4.2; mended in 3.4.4',
    source: notes('3.4', '3.4.4'),
  },
  {
    id: '3.4-to-3.5-dictionary',
    from: { line: '3.4', below: '3.4.10' },
    to: { line: '3.5' },
    verdict: 'DISCOURAGED',
    reason:
      'StarRocks advises 3.4.10 or later before 3.5; otherwise SET GLOBAL cbo_enable_low_cardinality_optimize = false for as long as both versions run',
    source: notes('3.5', 'upgrade notes'),
  },
  {
    id: '3.5-to-3.4',
    from: { line: '3.5' },
    to: { line: '3.4', below: '3.4.6' },
    verdict: 'FORBIDDEN',
    reason: 'A 3.4 before 3.4.6 cannot read the metadata that 3.5 wrote',
    source: notes('3.5', 'downgrade notes'),
  },
  {
    id: '3.5.2-to-3.5.0',
    from: { line: '3.5', from: '3.5.2' },
    to: { line: '3.5', below: '3.5.2' },
    verdict: 'FORBIDDEN',
    reason: 'Frontends of 3.5.0 and 3.5.1 crash on what 3.5.2 and later wrote',
    source: notes('3.5', 'downgrade notes'),
  },
  {
    id: '4.0-to-3.5',
    from: { line: '4.0' },
    to: { line: '3.5', below: '3.5.2' },
    verdict: 'FORBIDDEN',
    reason: 'Frontends of 3.5.0 and 3.5.1 crash on what 4.0 wrote',
    source: notes('4.0', 'downgrade notes'),
  },
  {
    id: '4.0.2-to-3.5-meta-scan',
    from: { line: '4.0', from: '4.0.2' },
    to: { line: '3.5', from: '3.5.2', below: '3.5.11' },
    verdict: 'DISCOURAGED',
    reason: 'Before going back: SET GLOBAL enable_rewrite_simple_agg_to_meta_scan = false',
    source: notes('4.0', 'downgrade notes'),
  },
  {
    id: '4.0.2-to-4.0.0-meta-scan',
    from: { line: '4.0', from: '4.0.2' },
    to: { line: '4.0', below: '4.0.2' },
    verdict: 'DISCOURAGED',
    reason: 'Before going back: SET GLOBAL enable_rewrite_simple_agg_to_meta_scan = false',
    source: notes('4.0', 'downgrade notes'),
  },
  {
    id: '4.1-to-4.0',
    from: { line: '4.1' },
    to: { line: '4.0', below: '4.0.6' },
    verdict: 'FORBIDDEN',
    reason: 'A 4.0 before 4.0.6 cannot read the layout of data that 4.1 wrote',
    source: notes('4.1', 'downgrade notes'),
  },
];

/** Releases that StarRocks withdrew; their archives can still be found. */
export const withdrawnReleases: readonly WithdrawnRelease[] = [
  { version: '3.1.3', reason: 'no reason was given', source: notes('3.1', '3.1.3') },
  { version: '3.1.10', reason: 'access to tables of external catalogs is denied', source: notes('3.1', '3.1.10') },
  { version: '3.2.4', reason: 'access to tables of external catalogs is denied', source: notes('3.2', '3.2.4') },
  { version: '3.2.5', reason: 'access to tables of external catalogs is denied', source: notes('3.2', '3.2.5') },
  { version: '3.3.1', reason: 'indexes of Primary Key tables cannot be read', source: notes('3.3', '3.3.1') },
  { version: '3.3.10', reason: 'shared-data clusters lose metadata', source: notes('3.3', '3.3.10') },
  { version: '3.4.1', reason: 'shared-data clusters lose metadata', source: notes('3.4', '3.4.1') },
];
