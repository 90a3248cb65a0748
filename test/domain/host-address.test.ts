import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHostAddress } from '../../src/domain/host-address.ts';

describe('an address of a host', () => {
  it.each([
    '::1',
    'fd00::21',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    'be-1.example.com',
    'localhost',
    'a',
    'FE80::1',
    '1a.b',
    'be_1',
  ])('is %s', (text) => expect(isHostAddress(text)).toBe(true));

  it.each([
    ...[
      '',
      '127.0.0.1:9030',
      'be-1:9050',
      '[::1]',
      '[fd00::21]:9050',
      'fe80::1%eth0',
      '1.2.3',
      '300.1.1.1',
      '01.2.3.4',
      ':',
      '1:2:3',
    ],
    ...[
      '-x',
      'x-',
      'a b',
      'a/b',
      'a..b',
      'http://x',
      'x;y',
      '$(x)',
      'ä.de',
      'a\n',
      `${'a'.repeat(64)}.de`,
      '1::2::3',
      '::1::',
    ],
  ])('is not %j', (text) => expect(isHostAddress(text)).toBe(false));

  it('of digits, letters to f, dots and colons is one exactly when the system takes it for an IP address, or it is a name', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789af.::'), maxLength: 20 })),
        (text) => {
          const looksLikeAddress = text.includes(':') || /^[\d.]+$/.test(text);
          if (looksLikeAddress) expect(isHostAddress(text)).toBe(isIP(text) !== 0);
        },
      ),
    );
  });
});
