import { describe, expect, it } from 'vitest';
import { baseUri, controlUri, parseRtspAddress } from '../../../../src/engine/rtsp/addresses.ts';
import { keyPlace } from '../../../../src/engine/rtsp/known-keys.ts';
import { parseMessageHead } from '../../../../src/engine/rtsp/message.ts';
import type { RtspHeaders } from '../../../../src/engine/rtsp/message.ts';
import { cameraAnswer } from './camera-answers.ts';

function headersOf(text: string): RtspHeaders {
  const message = parseMessageHead(text.split('\r\n\r\n')[0] ?? '');
  if (message === undefined) throw new Error('No message.');
  return message.headers;
}

describe('parseRtspAddress', () => {
  it.each([
    { url: 'rtsp://10.0.0.4/live?x=1', host: '10.0.0.4', port: 554, uri: 'rtsp://10.0.0.4/live?x=1' },
    { url: 'RTSP://cam:8554', host: 'cam', port: 8554, uri: 'rtsp://cam:8554/' },
    { url: 'rtsp://[fe80::1]:555/a', host: 'fe80::1', port: 555, uri: 'rtsp://[fe80::1]:555/a' },
    { url: 'rtsp://user:p%40ss@cam/a', host: 'cam', port: 554, uri: 'rtsp://cam/a' },
    { url: 'rtsp://cam?channel=1', host: 'cam', port: 554, uri: 'rtsp://cam?channel=1' },
  ])('splits $url', ({ url, ...expected }) => {
    expect(parseRtspAddress(url)).toEqual({ isSecure: false, ...expected });
  });

  it.each([
    { url: 'rtsps://cam/a', host: 'cam', port: 322, uri: 'rtsps://cam/a' },
    { url: 'RTSPS://u:p@[::1]:7441/a?b', host: '::1', port: 7441, uri: 'rtsps://[::1]:7441/a?b' },
  ])('splits $url, over TLS', ({ url, ...expected }) => {
    expect(parseRtspAddress(url)).toEqual({ isSecure: true, ...expected });
  });

  it.each([
    '',
    'http://cam/',
    'rtsp://',
    'rtsp://cam:0/',
    'rtsp://cam:70000/',
    'rtsp://c am/',
    'rtsp://cam/a b',
    'rtsp://]/',
    'rtsp://[]/',
    'rtsp://c\u0000m/',
    'rtsp://cam/\u0000',
  ])('refuses %j', (url) => {
    expect(() => parseRtspAddress(url)).toThrow('not of the form rtsp://host[:port]/path');
  });
});

describe('where requests go', () => {
  it.each([
    {
      camera: 'dahua_describe_h264_aac_onvif',
      control: 'trackID=0',
      uri: 'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0',
    },
    { camera: 'foscam_describe', control: 'track1', uri: 'rtsp://192.168.5.107:65534/videoMain/track1' },
    {
      camera: 'hikvision_describe',
      control: 'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast',
      uri: 'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast',
    },
    { camera: 'ipcam_describe', control: 'trackID=1', uri: 'rtsp://asked/for?x=1/trackID=1' },
    { camera: 'reolink_describe', control: '*', uri: 'rtsp://192.168.5.206/h264Preview_01_main/' },
  ])('of a track of $camera', ({ camera, control, uri }) => {
    const headers = headersOf(cameraAnswer(camera).toString('latin1'));
    expect(controlUri(baseUri(headers, 'rtsp://asked/for?x=1'), control)).toBe(uri);
  });

  it('prefers Content-Base to Content-Location, and passes over what is no RTSP address', () => {
    const both = headersOf(
      'RTSP/1.0 200 OK\r\nContent-Location: rtsp://b/\r\nContent-Base: rtsp://a/\r\n\r\n',
    );
    const wrong = headersOf(
      'RTSP/1.0 200 OK\r\nContent-Base: /stream\r\nContent-Location: rtsp://b/\r\n\r\n',
    );
    expect([baseUri(both, 'rtsp://r/'), baseUri(wrong, 'rtsp://r/')]).toEqual(['rtsp://a/', 'rtsp://b/']);
  });

  it.each([
    { control: undefined, uri: 'rtsp://h/s/' },
    { control: '/other/track', uri: 'rtsp://h/other/track' },
    { control: '?track=1', uri: 'rtsp://h/s?track=1' },
    { control: 'rtsps://other/track', uri: 'rtsps://other/track' },
  ])('understands the control $control', ({ control, uri }) => {
    expect(controlUri('rtsp://h/s/', control)).toBe(uri);
  });
});

describe('keyPlace', () => {
  it.each([
    { url: 'rtsps://Camera/live', place: 'camera:322' },
    { url: 'rtsp://10.0.0.4/live', place: '10.0.0.4:554' },
    { url: 'rtsps://[FE80::1]:7441/', place: '[fe80::1]:7441' },
    { url: 'http://camera/', place: undefined },
  ])('of $url', ({ url, place }) => {
    expect(keyPlace(url)).toBe(place);
  });
});
