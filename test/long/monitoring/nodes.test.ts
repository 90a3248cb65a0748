import { nodes } from './breakages/nodes.ts';
import { startSite } from './site.ts';
import { tryInTurn } from './try-rules.ts';

// A hand-over that lasts a minute here; a minute of a rule is a twentieth of a second.
const options = {
  ...{ observers: 1, secondsAMinute: 0.05 },
  conf: { fe: { sandbox_hand_over_ms: '1200000' } },
  env: { STARWARDEN_APPROVAL_ENVIRONMENTS: 'dev' },
};

tryInTurn({ start: () => startSite(options), breakages: nodes });
