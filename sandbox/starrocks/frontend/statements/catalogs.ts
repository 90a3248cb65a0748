import { done, textRows } from '../../mysql/packets.ts';
import { analysisError, SqlError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { change } from '../meta/state.ts';

const properName = /^[a-zA-Z]\w{0,63}$|^_[a-zA-Z0-9]\w{0,62}$/;
const types = ['deltalake', 'es', 'hive', 'hudi', 'iceberg', 'jdbc', 'kudu', 'odps', 'paimon', 'unified'];

/** External catalogs as metadata: nobody is ever connected to. */
export const catalogHandlers: Handlers<'createCatalog' | 'dropCatalog' | 'showCatalogs'> = {
  createCatalog: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['CREATE EXTERNAL CATALOG'] });
    const { name, comment, properties } = statement;
    if (!properName.test(name)) throw analysisError(`Incorrect catalog name '${name}'`, 5063, '42000');
    if (name === 'default_catalog')
      throw analysisError(`External catalog name can't be the same as internal catalog name '${name}'`);
    const type = properties.type ?? '';
    if (type === '') throw analysisError("'type' can not be null or empty");
    if (!types.includes(type)) throw analysisError(`[type : ${type}] is not supported`);
    await fe.group.update((state) => {
      if (state.catalogs.has(name)) throw new SqlError(5514, 'HY000', `Catalog '${name}' already exists`);
      return { changes: [change('catalogs', name, { name, type, comment, properties })], value: null };
    });
    return done();
  }),

  dropCatalog: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['CREATE EXTERNAL CATALOG'] });
    await fe.group.update((state) => {
      if (!state.catalogs.has(statement.name)) throw new SqlError(5078, '42000', `Unknown catalog '${statement.name}'`);
      return { changes: [change('catalogs', statement.name, null)], value: null };
    });
    return done();
  }),

  showCatalogs: locally(({ fe }) => {
    const own = ['default_catalog', 'Internal', "An internal catalog contains this cluster's self-managed tables."];
    const external = [...fe.group.state.catalogs.values()].map(({ name, type, comment }) => {
      return [name, type.charAt(0).toUpperCase() + type.slice(1), comment];
    });
    const rows = [own, ...external].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    return textRows(['Catalog', 'Type', 'Comment'], rows);
  }),
};
