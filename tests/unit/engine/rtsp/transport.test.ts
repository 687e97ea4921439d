import { describe, expect, it } from 'vitest';
import { parseMessageHead } from '../../../../src/engine/rtsp/message.ts';
import { parseInterleavedTransport, parseSessionHeader } from '../../../../src/engine/rtsp/transport.ts';
import { cameraAnswer } from './camera-answers.ts';

const ASKED = { rtpChannel: 4, rtcpChannel: 5 };

describe('SETUP answers of cameras', () => {
  it.each([
    { name: 'dahua_setup', ssrc: 0x30_a9_8e_e7, id: '634214675641', timeoutSeconds: 60 },
    { name: 'hikvision_setup', ssrc: 0x4c_ac_c3_d1, id: '708345999', timeoutSeconds: 60 },
    { name: 'hikvision_setup_ssrc_space', ssrc: 0x0d_6d_66_27, id: '708886412', timeoutSeconds: 60 },
    { name: 'reolink_setup', ssrc: undefined, id: 'F8F8E425', timeoutSeconds: 60 },
  ])('$name', ({ name, ssrc, id, timeoutSeconds }) => {
    const headers = parseMessageHead(cameraAnswer(name).toString('latin1').trimEnd())?.headers;
    expect({
      transport: parseInterleavedTransport(headers?.get('transport'), ASKED),
      session: parseSessionHeader(headers?.get('session')),
    }).toEqual({
      transport: { rtpChannel: 0, rtcpChannel: 1, ssrc },
      session: { id, timeoutSeconds },
    });
  });
});

describe('PLAY, OPTIONS and TEARDOWN answers of cameras', () => {
  it.each([
    { name: 'dahua_play', session: '634214684047' },
    { name: 'hikvision_play', session: '708345999' },
    { name: 'reolink_play', session: 'F8F8E425' },
    { name: 'dahua_options', session: '136527041864' },
    { name: 'reolink_teardown', session: undefined },
  ])('$name', ({ name, session }) => {
    const message = parseMessageHead(cameraAnswer(name).toString('latin1').trimEnd());
    expect(message).toMatchObject({ kind: 'response', status: 200, reason: 'OK' });
    expect(parseSessionHeader(message?.headers.get('session'))?.id).toBe(session);
  });
});

describe('parseInterleavedTransport', () => {
  it.each([
    { field: undefined, expected: { ...ASKED, ssrc: undefined } },
    { field: 'RTP/AVP/TCP;unicast', expected: { ...ASKED, ssrc: undefined } },
    { field: 'rtp/avp/tcp;INTERLEAVED=6', expected: { rtpChannel: 6, rtcpChannel: 7, ssrc: undefined } },
    { field: 'RTP/AVP;interleaved=2-3', expected: { rtpChannel: 2, rtcpChannel: 3, ssrc: undefined } },
    { field: 'RTP/AVP;unicast;client_port=1-2', expected: undefined },
    { field: 'RTP/AVP/TCP;interleaved=255', expected: undefined },
  ])('reads $field', ({ field, expected }) => {
    expect(parseInterleavedTransport(field, ASKED)).toEqual(expected);
  });
});

describe('parseSessionHeader', () => {
  it.each([
    { field: undefined, expected: undefined },
    { field: '  a$b ; Timeout=30 ', expected: { id: 'a$b', timeoutSeconds: 30 } },
    { field: 'x;timeout=0', expected: { id: 'x', timeoutSeconds: 60 } },
    { field: 'x;timeout=never', expected: { id: 'x', timeoutSeconds: 60 } },
  ])('reads $field', ({ field, expected }) => {
    expect(parseSessionHeader(field)).toEqual(expected);
  });
});
