import { frontends, gauge, leader, type Metric, quantile, source } from './build.ts';

export const metadataMetrics: readonly Metric[] = [
  {
    name: 'journal_since_image',
    title: 'Journal since the last image',
    meaning:
      'Entries of the metadata journal that are newer than the image of a frontend. It rises without end when no image is made any more; a start then takes long.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...frontends, derivation: gauge('starrocks_fe_meta_log_count') },
    overall: 'MAX',
    documented: source.frontendPage,
  },
  {
    name: 'journal_waiting',
    title: 'Journal entries waiting',
    meaning:
      'Entries that wait to be written to the journal by the leader; every change of metadata waits behind them.',
    unit: 'COUNT',
    scope: 'CLUSTER',
    source: { ...leader, derivation: gauge('starrocks_fe_editlog_stacked_num') },
    overall: null,
    documented: 'fe/…/journal/JournalWriter.java',
  },
  {
    name: 'journal_write_p99_ms',
    title: 'Journal write, 99 %',
    meaning:
      '99 % of the writes of the journal lately took at most so long on the leader, with the answer of a majority.',
    unit: 'MILLISECONDS',
    scope: 'CLUSTER',
    source: { ...leader, derivation: quantile('starrocks_fe_journal_write_latency_ms', '0.99') },
    overall: null,
    documented: 'fe/…/journal/JournalWriter.java',
  },
];
