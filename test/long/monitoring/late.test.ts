import { late } from './breakages/late.ts';
import { startSite } from './site.ts';
import { tryInTurn } from './try-rules.ts';

tryInTurn({ start: () => startSite({ frontends: 1, backends: 1 }), breakages: late });
