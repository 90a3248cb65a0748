import { createContext } from './app/context.ts';
import { startParts } from './app/parts.ts';
import { loadConfig } from './config.ts';
import { AppError, messageOf } from './errors.ts';

const stopPatienceMs = 9_500;

/**
 * The program: reads the configuration, makes the context, and starts the parts that were asked for; ends them in reverse
 * order on SIGTERM or SIGINT.
 */
async function main(): Promise<void> {
  const config = loadConfig();
  const { ctx, close } = await createContext(config);
  let stopping = false;
  const parts = await startParts(ctx).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    ctx.log.info({ signal }, 'stopping');
    setTimeout(() => {
      ctx.log.error('did not stop in time; what is under way goes on after the next start');
      process.exit(1);
    }, stopPatienceMs).unref();
    await parts.stop();
    await close();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: parts.url })}\n`);
}

main().catch((error: unknown) => {
  const hint = error instanceof AppError && error.hint !== null ? `\n${error.hint}` : '';
  process.stderr.write(`Starwarden cannot start. ${messageOf(error)}${hint}\n`);
  process.exitCode = 1;
});
