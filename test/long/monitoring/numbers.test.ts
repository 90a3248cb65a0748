import { certificates } from './breakages/certificates.ts';
import { numbers } from './breakages/numbers.ts';
import { startSite } from './site.ts';
import { tryAtOnce } from './try-rules.ts';

const options = { conf: { fe: { qe_max_connection: '100', routine_load_unstable_threshold_second: '30' } } };

tryAtOnce({ start: () => startSite(options), breakages: { ...numbers, ...certificates } });
