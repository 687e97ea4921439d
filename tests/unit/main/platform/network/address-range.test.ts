import { describe, expect, it } from 'vitest';
import {
  formatIpv4,
  hostsOfRange,
  parseIpv4,
} from '../../../../../src/main/platform/network/address-range.ts';
import { listNetworkInterfaces } from '../../../../../src/main/platform/network/interfaces.ts';

describe('parseIpv4', () => {
  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.x', '1.2.3.-4', '1.2.3. 4', '0x1.2.3.4'])(
    'refuses %j',
    (text) => {
      expect(parseIpv4(text)).toBeUndefined();
    },
  );

  it.each(['0.0.0.0', '127.0.0.1', '192.168.1.255', '255.255.255.255'])('reads and writes %s', (text) => {
    expect(formatIpv4(parseIpv4(text) ?? -1)).toBe(text);
  });
});

describe('hostsOfRange', () => {
  it('leaves out the network’s and the broadcast address, and starts at the network whatever address is named', () => {
    expect(hostsOfRange('192.168.1.77/30')).toEqual(['192.168.1.77', '192.168.1.78']);
    expect(hostsOfRange('255.255.255.252/30')).toEqual(['255.255.255.253', '255.255.255.254']);
  });

  it('has all addresses of the smallest networks', () => {
    expect(hostsOfRange('10.0.0.5/32')).toEqual(['10.0.0.5']);
    expect(hostsOfRange('10.0.0.5/31')).toEqual(['10.0.0.4', '10.0.0.5']);
  });

  it('goes up to 1024 addresses', () => {
    const hosts = hostsOfRange('10.0.7.1/22');
    expect([hosts?.length, hosts?.[0], hosts?.at(-1)]).toEqual([1022, '10.0.4.1', '10.0.7.254']);
  });

  it.each([
    '10.0.0.0/21',
    '10.0.0.0/33',
    '10.0.0.0',
    '10.0.0/24',
    '300.0.0.0/24',
    '10.0.0.0/24/24',
    '10.0.0.0/2x',
  ])('refuses %s', (cidr) => {
    expect(hostsOfRange(cidr)).toBeUndefined();
  });
});

describe('listNetworkInterfaces', () => {
  it('lists IPv4 addresses with their networks, loopback last', () => {
    const common = { mac: '00:00:00:00:00:00' } as const;
    expect(
      listNetworkInterfaces({
        lo: [
          {
            ...common,
            address: '127.0.0.1',
            netmask: '255.0.0.0',
            family: 'IPv4',
            cidr: '127.0.0.1/8',
            internal: true,
          },
        ],
        eth0: [
          {
            ...common,
            address: '10.0.5.7',
            netmask: '255.255.252.0',
            family: 'IPv4',
            cidr: '10.0.5.7/22',
            internal: false,
          },
          {
            ...common,
            address: 'fe80::1',
            netmask: 'ffff:ffff:ffff:ffff::',
            family: 'IPv6',
            cidr: 'fe80::1/64',
            internal: false,
            scopeid: 2,
          },
        ],
        gone: undefined,
      }),
    ).toEqual([
      { name: 'eth0', address: '10.0.5.7', network: '10.0.4.0/22', isLoopback: false },
      { name: 'lo', address: '127.0.0.1', network: '127.0.0.0/8', isLoopback: true },
    ]);
  });
});
