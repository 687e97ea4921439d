import { describe, expect, it } from 'vitest';
import { decodeAmf0, encodeAmf0 } from '../../../../src/engine/rtmp/amf0.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

const NESTED_TOO_DEEP = Buffer.concat([
  ...Array.from({ length: 20 }, () => hex('03 0001 61')),
  hex('05'),
  ...Array.from({ length: 20 }, () => hex('0000 09')),
]);

describe('decodeAmf0', () => {
  it('reads what encoders send', () => {
    const bytes = Buffer.concat([
      hex('02 0007'),
      Buffer.from('connect'),
      hex('00 3ff0000000000000'),
      hex('03 0003'),
      Buffer.from('app'),
      hex('02 0004'),
      Buffer.from('live'),
      hex('000b'),
      Buffer.from('constructor'),
      hex('01 01 0000 09'),
      hex('08 00000063 0001 61 05 0000 09'),
      hex('0a 00000002 06 0d'),
      hex('0b 3ff0000000000000 0000'),
      hex('0c 00000002 6869'),
      hex('10 0001 63 0001 61 00 4000000000000000 0000 09'),
    ]);
    expect(decodeAmf0(bytes)).toEqual([
      'connect',
      1,
      new Map<string, unknown>([
        ['app', 'live'],
        ['constructor', true],
      ]),
      new Map([['a', null]]),
      [undefined, undefined],
      1,
      'hi',
      new Map([['a', 2]]),
    ]);
  });

  it.each([
    ['a string that ends early', hex('02 0007 616263')],
    ['a number that ends early', hex('00 3ff0')],
    ['an object without an end', hex('03 0001 61 05')],
    ['a reference', hex('07 0001')],
    ['AMF 3', hex('11 0a')],
    ['an unknown marker', hex('ff')],
    ['an array longer than anything', hex('0a ffffffff 05')],
    ['a string longer than anything', Buffer.concat([hex('0c 00010000'), Buffer.alloc(0x10000, 0x61)])],
    ['objects in objects in objects', NESTED_TOO_DEEP],
    ['more values than anybody needs', Buffer.alloc(5_000, 5)],
  ])('refuses %s', (_, bytes) => {
    expect(decodeAmf0(bytes)).toBeUndefined();
  });
});

it('what is encoded is read back', () => {
  const values = ['onStatus', 0, null, true, { level: 'status', clientId: 7, isOk: false }] as const;
  expect(decodeAmf0(encodeAmf0(values))).toEqual([
    'onStatus',
    0,
    null,
    true,
    new Map<string, unknown>([
      ['level', 'status'],
      ['clientId', 7],
      ['isOk', false],
    ]),
  ]);
});
