/** How fast StarRocks time passes here: every period of the real thing is divided by `speed`. */
export type Pace = {
  speed: number;
  /** A period of the real thing in ms, as ms of this process. */
  ms(realMs: number): number;
  /** The same, for periods that a busy machine must not shrink below what its scheduler can keep. */
  atLeast(realMs: number, floorMs: number): number;
};

export function createPace(speed: number): Pace {
  if (!(speed > 0)) throw new Error(`sandbox_speed = ${speed} is not above 0`);
  return {
    speed,
    ms: (realMs) => realMs / speed,
    atLeast: (realMs, floorMs) => Math.max(realMs / speed, floorMs),
  };
}

/** `yyyy-MM-dd HH:mm:ss` in the time zone of the process, as every StarRocks column prints a time. */
export function formatTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Runs `work` again and again with a pause between two runs; a failed run is reported and does not end the loop. */
export function startLoop(work: () => Promise<void> | void, pauseMs: () => number, onError: (error: unknown) => void) {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const round = async () => {
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    if (!stopped) timer = setTimeout(round, pauseMs());
  };
  timer = setTimeout(round, pauseMs());
  return () => {
    stopped = true;
    if (timer) clearTimeout(timer);
  };
}
