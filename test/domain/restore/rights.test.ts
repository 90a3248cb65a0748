import { describe, expect, it } from 'vitest';
import { checkRights, rolesIn } from '../../../src/domain/restore/rights.ts';

/** As a real frontend printed them. */
const lines = [
  "GRANT DELETE, DROP, INSERT, SELECT, ALTER, EXPORT, UPDATE ON ALL TABLES IN ALL DATABASES TO ROLE 'adm'",
  "GRANT CREATE TABLE, DROP, ALTER, CREATE VIEW ON ALL DATABASES TO ROLE 'adm'",
  "GRANT USAGE, CREATE DATABASE, DROP, ALTER ON CATALOG default_catalog TO ROLE 'adm'",
];
const own = [
  "GRANT INSERT, SELECT, ALTER, DROP ON ALL TABLES IN DATABASE sales TO ROLE 'ld'",
  "GRANT CREATE TABLE, CREATE PIPE ON DATABASE sales TO ROLE 'ld'",
];
const beside = { place: 'BESIDE', target: 'copy', hasViews: false } as const;
const underItsName = { ...beside, place: 'OWN_NAMES', target: 'sales' } as const;

describe('the rights that a restore takes', () => {
  it('are found in what StarRocks prints of grants', () => {
    expect(checkRights({ ...beside, grants: lines })).toMatchObject({ status: 'PASS' });
    expect(checkRights({ ...underItsName, grants: own })).toMatchObject({ status: 'PASS' });
    expect(checkRights({ ...underItsName, grants: lines })).toMatchObject({ status: 'PASS' });
  });

  it('are named one by one where they are missing, and nothing is said of what could not be read', () => {
    expect(checkRights({ ...beside, grants: [lines[0] ?? '', lines[2] ?? ''] })).toMatchObject({
      ...{ status: 'FAIL', severity: 'WARN' },
      observed: 'no grant of CREATE TABLE ON ALL DATABASES, DROP ON ALL DATABASES',
    });
    expect(checkRights({ ...beside, hasViews: true, grants: lines }).observed).toBe(
      'no grant of DROP ON ALL VIEWS IN ALL DATABASES',
    );
    expect(checkRights({ ...beside, grants: null }).status).toBe('SKIPPED');
  });

  it('of one database say nothing of the one that is made', () => {
    expect(checkRights({ ...beside, grants: own }).status).toBe('FAIL');
  });

  it.each([
    ["GRANT 'root', 'db_admin' TO ROLE r3", ['root', 'db_admin']],
    ["GRANT 'root' TO 'root'@'%'", ['root']],
    ["GRANT SELECT ON TABLE sales.orders TO ROLE 'ld'", []],
  ])('of roles are read from %s', (line, wanted) => {
    expect(rolesIn(line)).toEqual(wanted);
  });
});
