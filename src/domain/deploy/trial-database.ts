import { isSystemDatabase } from '../system-databases.ts';

/** The database with which a new cluster is tried; it is there for seconds. */
export const trialDatabase = 'starwarden_deploy_check';

/** The databases that somebody has made: neither StarRocks' own nor that of a trial. */
export function peoplesDatabases(names: readonly string[]): readonly string[] {
  return names.filter((name) => !isSystemDatabase(name) && name !== trialDatabase);
}
