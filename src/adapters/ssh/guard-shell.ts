import type { Shell } from './port.ts';

/**
 * The same shell, but `guard` is called before each command that changes something and before each upload; what it throws
 * stops the call.
 */
export function guardShell(shell: Shell, guard: () => void): Shell {
  return {
    run: async (command, call) => {
      if (command.effect === 'change') guard();
      return shell.run(command, call);
    },
    upload: async (file, call) => {
      guard();
      return shell.upload(file, call);
    },
  };
}
