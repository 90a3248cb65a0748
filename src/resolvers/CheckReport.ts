import { type CheckReport as CheckReportRow, healthWord } from '../domain/cluster.ts';
import type { RequestContext } from './request-context.ts';

export const CheckReport = {
  health: (report: CheckReportRow) => healthWord(report.checks),
  run: (report: CheckReportRow, _: unknown, { loaders }: RequestContext) => loaders.run.load(report.runId),
};
