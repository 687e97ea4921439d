/** Answers of real cameras, byte for byte, through the whole reader: what must come out of each of them. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { baseUri, controlUri } from '../../../../src/engine/rtsp/addresses.ts';
import type { RtspMessage } from '../../../../src/engine/rtsp/message.ts';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import type { SessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { parseSessionHeader, parseTransport } from '../../../../src/engine/rtsp/transport.ts';
import { cameraAnswer, cameraDescription } from './camera-answers.ts';
import { inChunksOf, readChunks } from './collecting-reader.ts';

const DESCRIPTIONS: Readonly<Record<string, SessionDescription>> = {
  dahua_describe_h264_aac_onvif: {
    control: '*',
    media: [
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H264',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['packetization-mode', '1'],
          ['profile-level-id', '64001E'],
          ['sprop-parameter-sets', 'Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA,aO4xshsA'],
        ]),
        control: 'trackID=0',
        direction: 'recvonly',
      },
      {
        type: 'audio',
        payloadType: 97,
        encoding: 'MPEG4-GENERIC',
        clockRate: 48000,
        channels: undefined,
        parameters: new Map([
          ['streamtype', '5'],
          ['profile-level-id', '1'],
          ['mode', 'AAC-hbr'],
          ['sizelength', '13'],
          ['indexlength', '3'],
          ['indexdeltalength', '3'],
          ['config', '1188'],
        ]),
        control: 'trackID=1',
        direction: 'recvonly',
      },
      {
        type: 'application',
        payloadType: 107,
        encoding: 'VND.ONVIF.METADATA',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([]),
        control: 'trackID=4',
        direction: 'recvonly',
      },
    ],
  },
  dahua_describe_h265_pcma: {
    control: '*',
    media: [
      {
        type: 'video',
        payloadType: 98,
        encoding: 'H265',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['profile-id', '1'],
          ['sprop-sps', 'QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE='],
          ['sprop-pps', 'RAHA8saNA7NA'],
          ['sprop-vps', 'QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA=='],
        ]),
        control: 'trackID=0',
        direction: 'recvonly',
      },
      {
        type: 'audio',
        payloadType: 8,
        encoding: 'PCMA',
        clockRate: 8000,
        channels: undefined,
        parameters: new Map([]),
        control: 'trackID=1',
        direction: 'recvonly',
      },
    ],
  },
  foscam_describe: {
    control: '*',
    media: [
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H264',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['packetization-mode', '1'],
          ['profile-level-id', '4D001F'],
          ['sprop-parameter-sets', 'Z00AH5WoFAFuQA==,aO48gA=='],
        ]),
        control: 'track1',
        direction: undefined,
      },
      {
        type: 'audio',
        payloadType: 0,
        encoding: 'PCMU',
        clockRate: 8000,
        channels: 1,
        parameters: new Map([]),
        control: 'track2',
        direction: undefined,
      },
    ],
  },
  geovision_sdp: {
    control: undefined,
    media: [
      {
        type: 'video',
        payloadType: 105,
        encoding: 'H264',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['profile-level-id', '4d4032'],
          ['packetization-mode', '1'],
          ['sprop-parameter-sets', 'Z01AMpWgCoAwfiZuAgICgAAB9AAAdTBC,aO48gA=='],
        ]),
        control: 'rtsp://192.168.5.237/media/video1/video',
        direction: 'recvonly',
      },
      {
        type: 'application',
        payloadType: 107,
        encoding: 'VND.ONVIF.METADATA',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([['decodertag', 'h3c-v3 RTCP=0']]),
        control: 'rtsp://192.168.5.237/media/video1/metadata',
        direction: 'recvonly',
      },
    ],
  },
  hikvision_describe: {
    control: 'rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1',
    media: [
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H264',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['profile-level-id', '420029'],
          ['packetization-mode', '1'],
          ['sprop-parameter-sets', 'Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==,aO48gA=='],
        ]),
        control:
          'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
        direction: 'recvonly',
      },
      {
        type: 'application',
        payloadType: 107,
        encoding: 'VND.ONVIF.METADATA',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([]),
        control:
          'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1',
        direction: 'recvonly',
      },
    ],
  },
  ipcam_describe: {
    control: '*',
    media: [
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H264',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['profile-level-id', '4d0020'],
          ['packetization-mode', '1'],
          ['sprop-parameter-sets', 'J00AII1qBQB5oQAAAwABAAADACiE,KO48gA=='],
        ]),
        control: 'trackID=1',
        direction: undefined,
      },
    ],
  },
  reolink_describe: {
    control: '*',
    media: [
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H264',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['packetization-mode', '1'],
          ['profile-level-id', '640033'],
          ['sprop-parameter-sets', 'Z2QAM6zoAoALWQ==,aO48MA=='],
        ]),
        control: 'trackID=1',
        direction: undefined,
      },
      {
        type: 'audio',
        payloadType: 97,
        encoding: 'MPEG4-GENERIC',
        clockRate: 16000,
        channels: undefined,
        parameters: new Map([
          ['streamtype', '5'],
          ['profile-level-id', '15'],
          ['mode', 'AAC-hbr'],
          ['sizelength', '13'],
          ['indexlength', '3'],
          ['indexdeltalength', '3'],
          ['config', '1408'],
          ['profile', '1'],
        ]),
        control: 'trackID=2',
        direction: undefined,
      },
    ],
  },
  tplink_sdp: {
    control: undefined,
    media: [
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H265',
        clockRate: 90000,
        channels: undefined,
        parameters: new Map([
          ['profile-space', '0'],
          ['profile-id', '1'],
          ['tier-flag', '0'],
          ['level-id', '150'],
          ['interop-constraints', '000000000000'],
          ['sprop-vps', 'QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ'],
          ['sprop-sps', 'QgEBAWAAAAMAAAMAAAMAAAMAlqABQCAFof4qtO6JLuaAgA27oADN/mAE'],
          ['sprop-pps', 'RAHAcvAbJA=='],
        ]),
        control: 'track1',
        direction: undefined,
      },
      {
        type: 'audio',
        payloadType: 8,
        encoding: 'PCMA',
        clockRate: 8000,
        channels: undefined,
        parameters: new Map([]),
        control: 'track2',
        direction: undefined,
      },
      {
        type: 'application/tp-link',
        payloadType: -1,
        encoding: undefined,
        clockRate: undefined,
        channels: undefined,
        parameters: new Map([]),
        control: 'track3',
        direction: undefined,
      },
    ],
  },
};

/** Where the requests that follow a DESCRIBE go: the whole presentation, and each track. */
const REQUEST_URIS: Readonly<Record<string, readonly string[]>> = {
  dahua_describe_h264_aac_onvif: [
    'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/',
    'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0',
    'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=1',
    'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=4',
  ],
  dahua_describe_h265_pcma: [
    'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/',
    'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=0',
    'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=1',
  ],
  foscam_describe: [
    'rtsp://192.168.5.107:65534/videoMain/',
    'rtsp://192.168.5.107:65534/videoMain/track1',
    'rtsp://192.168.5.107:65534/videoMain/track2',
  ],
  hikvision_describe: [
    'rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1',
    'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
    'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1',
  ],
  ipcam_describe: ['rtsp://asked/for', 'rtsp://asked/for/trackID=1'],
  reolink_describe: [
    'rtsp://192.168.5.206/h264Preview_01_main/',
    'rtsp://192.168.5.206/h264Preview_01_main/trackID=1',
    'rtsp://192.168.5.206/h264Preview_01_main/trackID=2',
  ],
};

/** What SETUP grants, asked for channels 4 and 5, and which session an answer names. */
const SESSIONS: Readonly<Record<string, object>> = {
  dahua_options: { session: { id: '136527041864', timeoutSeconds: 60 } },
  dahua_play: { session: { id: '634214684047', timeoutSeconds: 60 } },
  dahua_setup: {
    session: { id: '634214675641', timeoutSeconds: 60 },
    granted: { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1, ssrc: 0x30_a9_8e_e7 },
  },
  hikvision_play: { session: { id: '708345999', timeoutSeconds: 60 } },
  hikvision_setup: {
    session: { id: '708345999', timeoutSeconds: 60 },
    granted: { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1, ssrc: 0x4c_ac_c3_d1 },
  },
  hikvision_setup_ssrc_space: {
    session: { id: '708886412', timeoutSeconds: 60 },
    granted: { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1, ssrc: 0x0d_6d_66_27 },
  },
  reolink_play: { session: { id: 'F8F8E425', timeoutSeconds: 60 } },
  reolink_setup: {
    session: { id: 'F8F8E425', timeoutSeconds: 60 },
    granted: { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1, ssrc: undefined },
  },
  reolink_teardown: { session: undefined },
};

const ALL = readdirSync(new URL('../../../fixtures/rtsp/', import.meta.url))
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -'.txt'.length));
/** The same description with its lines in another order. */
const SAME_AS_REOLINK = 'reolink_describe_control_first';

function onlyMessage(name: string): RtspMessage {
  const { units, fault, skippedBytes } = readChunks([cameraAnswer(name)]);
  expect({ count: units.length, fault, skippedBytes }).toEqual({
    count: 1,
    fault: undefined,
    skippedBytes: 0,
  });
  const [unit] = units;
  if (unit === undefined || !('message' in unit)) throw new Error(`${name} is no message.`);
  return unit.message;
}

it('leaves none of the recordings out', () => {
  expect([...Object.keys(DESCRIPTIONS), ...Object.keys(SESSIONS), SAME_AS_REOLINK].toSorted()).toEqual(
    ALL.toSorted(),
  );
});

it.each(Object.entries(DESCRIPTIONS))('%s describes its tracks', (name, description) => {
  expect(parseSessionDescription(cameraDescription(name))).toEqual(description);
});

it('the order of lines does not matter', () => {
  expect(parseSessionDescription(onlyMessage(SAME_AS_REOLINK).body)).toEqual(
    DESCRIPTIONS['reolink_describe'],
  );
});

it.each(Object.entries(REQUEST_URIS))('%s comes whole, and says where requests go', (name, uris) => {
  const message = onlyMessage(name);
  const description = parseSessionDescription(message.body);
  const base = baseUri(message.headers, 'rtsp://asked/for');
  expect({
    status: message.kind === 'response' ? message.status : undefined,
    description,
    uris: [
      controlUri(base, description?.control),
      ...(description?.media ?? []).map(({ control }) => controlUri(base, control)),
    ],
  }).toEqual({ status: 200, description: DESCRIPTIONS[name], uris });
});

it.each(Object.entries(SESSIONS))('%s names its session and its transport', (name, expected) => {
  const { headers, ...message } = onlyMessage(name);
  const transport = headers.get('transport');
  expect(message).toEqual({ kind: 'response', status: 200, reason: 'OK', body: '' });
  expect({
    session: parseSessionHeader(headers.get('session')),
    ...(transport === undefined
      ? {}
      : { granted: parseTransport(transport, { kind: 'interleaved', rtpChannel: 4, rtcpChannel: 5 }) }),
  }).toEqual(expected);
});

it('all of them in a row read the same in pieces of any size', () => {
  const messages = ALL.filter((name) => !name.endsWith('_sdp')).map((name) => cameraAnswer(name));
  const whole = readChunks([Buffer.concat(messages)]);
  expect(whole.units).toHaveLength(messages.length);
  for (const size of [1, 3, 100, 1_460]) {
    expect(readChunks(inChunksOf(size, Buffer.concat(messages)))).toEqual(whole);
  }
});
