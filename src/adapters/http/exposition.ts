import type { MetricSample, MetricsPage } from './metrics-page.ts';
import { allFamilies, type Families } from './page-families.ts';
import { createPageReader } from './page-reader.ts';

const every = allFamilies();

/**
 * Reads a whole page of metrics as StarRocks writes it: comment lines with two blanks, a blank after the comma between
 * labels, families without HELP or TYPE, label values that are not escaped. Types are not read: the names are known. What
 * cannot be read or is not certain is left out, and the rest counts.
 */
export function parseExposition(text: string): readonly MetricSample[] {
  return readPage(Buffer.from(text)).samples;
}

/** The same with all that a page says about itself, for the families that are wanted; all of them by default. */
export function readPage(bytes: Buffer, families: Families = every): MetricsPage {
  const reader = createPageReader(families);
  reader.push(bytes);
  return reader.end({ isWhole: true });
}
