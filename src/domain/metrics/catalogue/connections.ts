import { frontends, gauge, type Metric, shareOfLimit, source } from './build.ts';

const connections = { ...gauge('starrocks_fe_connection_total'), isCount: true } as const;
const byUser = { label: 'user', subject: 'user' } as const;

/** Limits hold for each frontend by itself, in spite of StarRocks' own words ("cluster-wide connection limit"). */
export const connectionMetrics: readonly Metric[] = [
  {
    name: 'connections',
    title: 'Connections',
    meaning: 'Connections of clients to this frontend.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...frontends, derivation: connections },
    overall: 'SUM',
    documented: source.frontendPage,
  },
  {
    name: 'connections_of_limit',
    title: 'Connections, of the limit',
    meaning: 'Connections to this frontend for each that qe_max_connection allows it; at 100 % nobody else gets in.',
    unit: 'SHARE',
    scope: 'NODE',
    source: { ...frontends, derivation: shareOfLimit(connections, 'connection_limit') },
    overall: 'MAX',
    documented: 'fe/…/qe/ConnectScheduler.java (registerConnection)',
  },
  {
    name: 'user_connections',
    title: 'Connections of a user',
    meaning: 'Connections of one user to all frontends. Names of failed logins are listed too, with 0.',
    unit: 'COUNT',
    scope: 'USER',
    source: { ...frontends, derivation: connections, by: byUser, across: 'SUM' },
    overall: null,
    documented: source.frontendPage,
  },
  {
    name: 'user_connections_of_limit',
    title: 'Connections of a user, of the limit',
    meaning:
      "Connections of one user for each that the user's max_user_connections allows, on the frontend where it is worst. Known for users who were connected when the limits were read, and without GRANT on SYSTEM only for Starwarden's own.",
    unit: 'SHARE',
    scope: 'USER',
    source: { ...frontends, derivation: shareOfLimit(connections, 'user_connection_limit'), by: byUser, across: 'MAX' },
    overall: 'MAX',
    documented: 'fe/…/qe/ConnectScheduler.java (registerConnection)',
  },
];
