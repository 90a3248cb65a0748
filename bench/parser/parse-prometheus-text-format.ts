import { createRequire } from 'node:module';
import { z } from 'zod';

/** The package has no types. */
export const parsePrometheusTextFormat = z
  .custom<(page: string) => unknown>((value) => typeof value === 'function')
  .parse(createRequire(import.meta.url)('parse-prometheus-text-format'));
