import { env } from 'node:process';

/**
 * How long the sandbox and the tests wait for what must come before they say that it hangs. No judgement of how fast a machine
 * is: at a load of 25 on two cores a start takes half a minute. STARWARDEN_PATIENCE_MS changes it.
 */
export const patienceMs = Number(env.STARWARDEN_PATIENCE_MS ?? 120_000);
