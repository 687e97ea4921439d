/**
 * Damaged input never throws, never hangs, and never yields what breaks a promise to those behind. Each run is small; the
 * seed is in what a failing test shows, and `BELVEDERE_TEST_SEED` repeats it.
 */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { aacTrackFrom } from '../../../../src/engine/media/aac.ts';
import { avcDecoderConfiguration, parseSequenceParameterSet } from '../../../../src/engine/media/h264.ts';
import { AacDepacketizer } from '../../../../src/engine/rtsp/aac-depacketizer.ts';
import { parseChallenges } from '../../../../src/engine/rtsp/authentication.ts';
import { H264Depacketizer } from '../../../../src/engine/rtsp/h264-depacketizer.ts';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { parseSessionHeader, parseTransport } from '../../../../src/engine/rtsp/transport.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';
import { cameraAnswer } from './camera-answers.ts';
import { frame, readChunks } from './collecting-reader.ts';
import { cut, damaged } from './damage.ts';
import { aggregate, fragments, rtpPacket } from './rtp-packets.ts';
import { runsWhole } from '../../../support/sampling.ts';

const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });

const RUNS = Number(process.env['BELVEDERE_FUZZ_RUNS'] ?? (runsWhole ? 30_000 : 300));
const MAX_UNIT_BYTES = 2_000;

const seeded = seededRandom();
const { seed } = seeded;
const random = (): number => seeded.next();

const ANSWERS = readdirSync(new URL('../../../fixtures/rtsp/', import.meta.url))
  .filter((name) => name.endsWith('.txt'))
  .map((name) => cameraAnswer(name.slice(0, -'.txt'.length)));
const SPS = Buffer.from('Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA', 'base64');
const PPS = Buffer.from('aO48gA==', 'base64');
const IDR = Buffer.concat([Buffer.from([0x65, 0x88]), Buffer.alloc(300, 0x11)]);

function pick<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('There is nothing to pick from.');
  return item;
}

function videoPackets(): readonly Buffer[] {
  const payloads = [aggregate(SPS, PPS), ...fragments(IDR, 90), IDR.subarray(0, 40), aggregate(PPS, IDR)];
  return payloads.map((payload, index) =>
    rtpPacket({
      sequence: index + 1,
      timestamp: Math.floor(index / 3) * 3_600,
      payload,
      marker: random() < 0.3,
      padding: random() < 0.1 ? 4 : 0,
    }),
  );
}

it('a byte stream reads the same however it is cut, whatever is wrong with it', () => {
  for (let run = 0; run < RUNS; run += 1) {
    const parts = [
      pick(ANSWERS),
      ...videoPackets().map((packet) => frame(pick([0, 1, 2, 7]), packet)),
      pick(ANSWERS),
    ];
    const bytes = damaged(Buffer.concat(parts), random);
    expect({ seed, run, ...readChunks(cut(bytes, random)) }).toEqual({ seed, run, ...readChunks([bytes]) });
  }
});

it('descriptions, challenges and fields never throw', () => {
  for (let run = 0; run < RUNS; run += 1) {
    const text = damaged(pick(ANSWERS), random).toString('latin1');
    const media = parseSessionDescription(text)?.media ?? [];
    expect({ seed, run, isBounded: media.length <= 32 }).toEqual({ seed, run, isBounded: true });
    const field = damaged(
      Buffer.from(
        'Digest realm="a \\" b", nonce="n", qop="auth,auth-int", algorithm=SHA-256, Basic realm="x"',
      ),
      random,
    );
    parseChallenges([field.toString('latin1'), text]);
    parseSessionHeader(field.toString('latin1'));
    parseTransport(field.toString('latin1'), { kind: 'udp', rtpPort: 5_000 });
  }
});

it('parameter sets never throw, and what they yield is sensible', () => {
  for (let run = 0; run < RUNS; run += 1) {
    const sps = damaged(SPS, random);
    const parsed = parseSequenceParameterSet(sps);
    const isSensible =
      parsed === undefined || (parsed.width > 0 && parsed.height > 0 && parsed.width <= 16_384);
    expect({ seed, run, isSensible }).toEqual({ seed, run, isSensible: true });
    avcDecoderConfiguration({ sps, pps: damaged(PPS, random) });
    aacTrackFrom(damaged(Buffer.from('2b09880080', 'hex'), random));
  }
});

it('damaged video packets yield access units of whole NAL units within the limit, or none', () => {
  for (let run = 0; run < RUNS; run += 1) {
    const units: Uint8Array[] = [];
    const depacketizer = new H264Depacketizer({
      slabPool,
      maxAccessUnitBytes: MAX_UNIT_BYTES,
      events: { onAccessUnit: ({ data }) => units.push(Buffer.from(data)), onDamage: () => undefined },
    });
    const receiver = new RtpReceiver({
      payloadType: 96,
      onPacket: (packet) => {
        depacketizer.push(packet);
      },
    });
    for (const packet of videoPackets()) {
      const bytes = random() < 0.4 ? damaged(packet, random) : packet;
      receiver.receive(bytes, { start: 0, end: bytes.length }, 0);
    }
    expect({ seed, run, areWhole: units.every(isWhole) }).toEqual({ seed, run, areWhole: true });
  }
});

it('damaged audio packets never throw', () => {
  for (let run = 0; run < RUNS; run += 1) {
    const sizes: number[] = [];
    const depacketizer = new AacDepacketizer({
      slabPool,
      format: { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
      samplesPerFrame: 1024,
      events: { onUnit: ({ data }) => sizes.push(data.length), onDamage: () => undefined },
    });
    for (let index = 0; index < 10; index += 1) {
      const bytes = damaged(Buffer.from('00200018001000a1a2a3b1b2', 'hex'), random);
      depacketizer.push({
        bytes,
        start: 0,
        end: bytes.length,
        marker: true,
        timestamp: index * 1024,
        lostBefore: 0,
        arrivalMonotonicMs: 0,
      });
    }
    const areBounded = sizes.every((size) => size > 0 && size < 8_192);
    expect({ seed, run, areBounded }).toEqual({ seed, run, areBounded: true });
  }
});

function isWhole(unit: Uint8Array): boolean {
  const bytes = Buffer.from(unit);
  let at = 0;
  while (at + 4 < bytes.length) at += 4 + bytes.readUInt32BE(at);
  return at === bytes.length && bytes.length > 0 && bytes.length <= MAX_UNIT_BYTES;
}
