import { tryHostileInput } from '../helpers/hostile-input.ts';

tryHostileInput({ again: 'some' });
