import { startWorld, type World, type WorldOptions } from './fixture.ts';

/** Where the messages about runs stand. */
export const channel = 'sr-demo';
/** The world of the test that runs; it ends with the test. */
export let world: World;

export async function start(options: WorldOptions = {}): Promise<World> {
  world = await startWorld(options);
  return world;
}

/** For `afterEach` of each file: a hook of this module would be one of the first file alone that shares its process. */
export const stop = () => world.stop();

/** Messages that everybody sees, thread replies not counted. */
export const posted = (name = channel) =>
  world.slack.ctl.messages(name).filter((message) => message.visibleTo === null && message.threadTs === null);

export const touch = (steps: string, more = '') =>
  world.kim.slash(`/sr touch dev-one --steps ${steps} ${more}`, { channel });

export const card = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => !seen.isEphemeral && seen.threadTs === null });
