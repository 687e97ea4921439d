/** The values in RTMP's commands, and what is made of them. */
import { decodeAmf0, encodeAmf0 } from '../../../src/engine/rtmp/amf0.ts';
import type { AmfValue } from '../../../src/engine/rtmp/amf0.ts';
import { parseCommand, parseMetadata } from '../../../src/engine/rtmp/command.ts';
import { parseStreamAddress, playRequestOf, pushClaimOf } from '../../../src/engine/rtmp/stream-address.ts';
import { amf } from '../../../src/sim/rtmp/amf.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzTarget } from '../target.ts';

const DEEPEST = 10;

export const amfTarget: FuzzTarget = {
  name: 'amf',
  load: () =>
    Promise.resolve([
      { name: 'values', shape: 'packets', corpus: [everyValue()], run: readValues },
      { name: 'commands', shape: 'packets', corpus: [commands()], run: readCommands },
      {
        name: 'addresses',
        shape: 'packets',
        corpus: [
          [Buffer.from('live?key=a'), Buffer.from('gate/key-1?user=a&password=b%20c'), Buffer.from('a/main')],
        ],
        run: readAddresses,
      },
    ]),
};

function everyValue(): FuzzInput {
  return [
    encodeAmf0(['onStatus', 1.5, true, null, { level: 'status', code: 7 }]),
    Buffer.from('0800000001000161050000090a00000002060d', 'hex'),
    Buffer.from('0b3ff00000000000000000', 'hex'),
    Buffer.from('0c000000026869', 'hex'),
    Buffer.from('10000163000161004000000000000000000009', 'hex'),
  ];
}

function commands(): FuzzInput {
  return [
    amf('connect', 1, { app: 'live', tcUrl: 'rtmp://node/live' }),
    amf('createStream', 2, null),
    amf('FCPublish', 3, null, 'gate'),
    amf('publish', 4, null, 'gate?key=abcdefgh', 'live'),
    amf('play', 5, null, 'gate/main'),
    amf('deleteStream', 6, null, 1),
    amf('@setDataFrame', 'onMetaData', { audiocodecid: 10, videocodecid: 7 }),
  ];
}

function readValues(input: FuzzInput): number {
  let count = 0;
  for (const piece of input) {
    const values = decodeAmf0(piece);
    if (values === undefined) continue;
    count += values.length;
    for (const value of values) lookAt(value, piece.length, 0);
  }
  return count;
}

function lookAt(value: AmfValue, byteLength: number, depth: number): void {
  promise(depth <= DEEPEST, 'Values lie too deep.');
  if (typeof value === 'string')
    promise(value.length <= byteLength, 'A string is longer than what it came in.');
  if (Array.isArray(value)) for (const item of value) lookAt(item, byteLength, depth + 1);
  if (value instanceof Map) for (const property of value.values()) lookAt(property, byteLength, depth + 1);
}

function readCommands(input: FuzzInput): number {
  let count = 0;
  for (const piece of input) {
    const command = parseCommand(piece);
    if (command !== undefined) count += 1;
    if (parseMetadata(piece) !== undefined) count += 1;
    if (command?.kind === 'publish') pushClaimOf(parseStreamAddress('live', command.streamName));
  }
  return count;
}

function readAddresses(input: FuzzInput): number {
  for (const piece of input) {
    const text = piece.toString('utf8');
    for (const [application, name] of [
      ['live', text],
      [text, 'gate'],
      [text, text],
    ] as const) {
      const address = parseStreamAddress(application, name);
      promise(address.path.length <= 8 && address.query.size <= 16, 'An address has too many parts.');
      pushClaimOf(address);
      playRequestOf(address);
    }
  }
  return input.length;
}
