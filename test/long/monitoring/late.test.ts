import { late } from './breakages/late.ts';
import { startSite } from './site.ts';
import { tryInTurn } from './try-rules.ts';

// As often as in life: a second look must not come before the first one is seen.
const options = { frontends: 1, backends: 1, env: { STARWARDEN_PROBE_INTERVAL_MS: '15000' } };

tryInTurn({ start: () => startSite(options), breakages: late });
