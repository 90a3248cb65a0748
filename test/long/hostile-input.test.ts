import { tryHostileInput } from '../helpers/hostile-input.ts';

/* Every text in every field of every operation, also where several operations have a field in common. */
tryHostileInput({ again: 'all' });
