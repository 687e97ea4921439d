import { describe, expect, it } from 'vitest';
import {
  chooseServiceUrl,
  moveToHost,
  portOf,
} from '../../../../../src/main/platform/onvif/service-address.ts';

describe('chooseServiceUrl', () => {
  it.each([
    ['the one of the host that answered', ['http://169.254.3.4/a', 'http://10.0.0.5/b'], 'http://10.0.0.5/b'],
    ['another port of it', ['http://10.0.0.5:8899/onvif'], 'http://10.0.0.5:8899/onvif'],
    ['HTTP before HTTPS', ['https://10.0.0.5/b', 'http://10.0.0.5/a'], 'http://10.0.0.5/a'],
    ['HTTPS when there is nothing else', ['https://10.0.0.5/b'], 'https://10.0.0.5/b'],
    [
      'never another host',
      ['http://10.0.0.6/a', 'http://localhost/a'],
      'http://10.0.0.5/onvif/device_service',
    ],
    ['never a host hidden as a user', ['http://10.0.0.5@10.0.0.6/a'], 'http://10.0.0.5/onvif/device_service'],
    [
      'never another scheme',
      ['ftp://10.0.0.5/a', 'file:///etc/passwd'],
      'http://10.0.0.5/onvif/device_service',
    ],
    ['the standard one for want of any', ['', 'nonsense'], 'http://10.0.0.5/onvif/device_service'],
  ])('takes %s', (_what, announced, expected) => {
    expect(chooseServiceUrl(announced, '10.0.0.5')).toBe(expected);
  });

  it('knows IPv6 addresses', () => {
    expect(chooseServiceUrl(['http://[FD00::5]/a'], 'fd00::5')).toBe('http://[FD00::5]/a');
    expect(chooseServiceUrl([], 'fd00::5')).toBe('http://[fd00::5]/onvif/device_service');
  });
});

describe('moveToHost', () => {
  it('keeps port, path and query', () => {
    expect(moveToHost('rtsp://10.0.0.5:8554/main?a=1&b=%20', '10.0.0.9')).toBe(
      'rtsp://10.0.0.9:8554/main?a=1&b=%20',
    );
    expect(moveToHost('rtsp://10.0.0.5/main', 'fd00::9')).toBe('rtsp://[fd00::9]/main');
  });
});

describe('portOf', () => {
  it('knows the ports that go without saying', () => {
    expect(['http://a/', 'https://a/', 'http://a:8080/'].map((url) => portOf(new URL(url)))).toEqual([
      80, 443, 8080,
    ]);
  });
});
