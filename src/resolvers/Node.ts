/** An object found by its id, with the name of its type; resolvers of unions and interfaces need both. */
type Found = { readonly id: string };

const typeByPrefix: Readonly<Record<string, string>> = {
  clu: 'Cluster',
  hst: 'Host',
  run: 'Run',
  bak: 'Backup',
  bpl: 'BackupPolicy',
  rpy: 'Repository',
  rep: 'CheckReport',
  apr: 'Approval',
  alr: 'Alert',
  rel: 'Release',
  upg: 'Upgrade',
  per: 'Person',
  sch: 'Schedule',
  aud: 'AuditEvent',
  win: 'MaintenanceWindow',
  blk: 'Blackout',
  hld: 'AutomationHold',
};

const typeByKind: Readonly<Record<string, string>> = {
  FRONTEND: 'Frontend',
  BACKEND: 'Backend',
  COMPUTE_NODE: 'ComputeNode',
};

export const Node = {
  __resolveType: (found: Found & { kind?: string }) => {
    const prefix = found.id.split('_')[0] ?? '';
    return prefix === 'nod' ? typeByKind[found.kind ?? ''] : typeByPrefix[prefix];
  },
};
