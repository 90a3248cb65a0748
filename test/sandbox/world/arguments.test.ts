import { describe, expect, it } from 'vitest';
import { readArguments } from '../../../sandbox/world/arguments.ts';

describe('readArguments', () => {
  it('starts three frontends and three backends at real speed when nothing is said', () => {
    expect(readArguments([])).toMatchObject({
      kind: 'start',
      json: false,
      options: { frontends: 3, backends: 3, computeNodes: 0, version: '3.3.15', speed: 1, starwarden: true },
    });
  });

  it('reads what the command line says', () => {
    const asked = readArguments(
      '--frontends 1 --backends=2 --speed 20 --version 3.5.1 --no-starwarden --json'.split(' '),
    );
    expect(asked).toMatchObject({
      json: true,
      options: { frontends: 1, backends: 2, speed: 20, version: '3.5.1', starwarden: false },
    });
  });

  it('reads observers, and locations separated by commas', () => {
    expect(readArguments(['--observers', '1', '--locations', 'rack:r1,rack:r2'])).toMatchObject({
      options: { observers: 1, locations: ['rack:r1', 'rack:r2'] },
    });
  });

  it('registers the cluster only when asked to, and where there is a Starwarden', () => {
    expect(readArguments([])).toMatchObject({ register: false });
    expect(readArguments(['--register'])).toMatchObject({ register: true });
    expect(() => readArguments(['--register', '--no-starwarden'])).toThrow('--register needs Starwarden');
  });

  it('counts disks in megabytes', () => {
    expect(readArguments(['--disk-mb', '64'])).toMatchObject({ options: { diskBytes: 67_108_864 } });
  });

  it('takes words for a command, options among them included', () => {
    const words = ['fault', 'sql-error', 'message=--no'];
    expect(readArguments(words)).toEqual({ kind: 'command', words, dir: null });
    expect(readArguments(['--dir', '/w', ...words])).toEqual({ kind: 'command', words, dir: '/w' });
  });

  it.each([
    { argv: ['--backends', 'three'], message: '--backends three is not a whole number' },
    { argv: ['--backends=-1'], message: '--backends -1 is not a whole number' },
    { argv: ['--speed', '0'], message: '--speed 0 is not a number above 0' },
    { argv: ['--speed', 'Infinity'], message: '--speed Infinity is not a number above 0' },
    { argv: ['--version', '2.5'], message: '--version 2.5: there are 3.2.16' },
    { argv: ['--fast'], message: "Unknown option '--fast'" },
    { argv: ['--json', 'kill'], message: "Unexpected argument 'kill'" },
  ])('refuses $argv', ({ argv, message }) => {
    expect(() => readArguments(argv)).toThrow(message);
  });
});
