import { z } from 'zod';

/* The fields that checkUpgrade, upgradeCluster and downgradeCluster share, so that one answer fits all of them. */

export const toVersion = z
  .string()
  .max(64)
  .regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}(-[0-9A-Za-z.]+)*$/, 'A version such as 3.5.0 or 3.5.0-rc01')
  .meta({ description: 'The version to go to, as the catalogue of releases names it.' });

export const maxRunningQueries = z
  .int()
  .min(0)
  .max(1_000_000)
  .default(20)
  .meta({ description: 'More queries than this at the moment are a warning.' });

export const maxBackupAgeHours = z
  .int()
  .min(1)
  .max(8_760)
  .default(24)
  .meta({ description: 'A newest verified backup that is older than this, in hours, is a warning.' });

export const acceptWarnings = z
  .array(z.string().max(64))
  .max(64)
  .default([])
  .meta({ description: 'Names of checks whose warnings are known and accepted, such as `backup-fresh`.' });
