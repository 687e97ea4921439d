import { describe, expect, it } from 'vitest';
import {
  normaliseEndpoint,
  parseDiscoveryMessage,
  probeMessage,
  probedTypes,
} from '../../../../../src/main/platform/onvif/ws-discovery-messages.ts';
import { XmlError, parseXml } from '../../../../../src/main/platform/onvif/xml.ts';

const header =
  '<SOAP-ENV:Header><wsa:MessageID>uuid:1</wsa:MessageID><wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></SOAP-ENV:Header>';

/** In the manner of gSOAP, which most vendors use: prefixes of its own, line breaks in lists, a BOM. */
const gsoapMatches = `\u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsdd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:tdn="http://www.onvif.org/ver10/network/wsdl">${header}
<SOAP-ENV:Body><wsdd:ProbeMatches><wsdd:ProbeMatch>
  <wsa:EndpointReference><wsa:Address>uuid:1419D68A-1DD2-11B2-A105-000000000001</wsa:Address></wsa:EndpointReference>
  <wsdd:Types>tdn:NetworkVideoTransmitter tds:Device</wsdd:Types>
  <wsdd:Scopes MatchBy="http://schemas.xmlsoap.org/ws/2005/04/discovery/rfc3986">
    onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Loading%20dock%20%E2%82%AC
    onvif://www.onvif.org/hardware/NV-D4210 onvif://www.onvif.org/location/city/100%
    onvif://www.onvif.org/Manufacturer/Norvik</wsdd:Scopes>
  <wsdd:XAddrs>http://192.168.1.64/onvif/device_service
    http://[fe80::1]/onvif/device_service</wsdd:XAddrs>
  <wsdd:MetadataVersion>10</wsdd:MetadataVersion>
</wsdd:ProbeMatch></wsdd:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>`;

function body(content: string): string {
  return `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>${content}</e:Body></e:Envelope>`;
}
const match = (name: string): string =>
  `<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:${name}</a:Address></a:EndpointReference>` +
  '<d:Types>dn:NetworkVideoTransmitter</d:Types></d:ProbeMatch>';
const endpoint = '<a:EndpointReference><a:Address>urn:uuid:AB</a:Address></a:EndpointReference>';

describe('parseDiscoveryMessage', () => {
  it('reads probe matches', () => {
    expect(parseDiscoveryMessage(gsoapMatches)).toEqual({
      kind: 'present',
      devices: [
        {
          endpointReference: 'urn:uuid:1419d68a-1dd2-11b2-a105-000000000001',
          serviceUrls: ['http://192.168.1.64/onvif/device_service', 'http://[fe80::1]/onvif/device_service'],
          name: 'Loading dock €',
          manufacturer: 'Norvik',
          hardware: 'NV-D4210',
          location: 'city/100%',
        },
      ],
    });
  });

  it('reads several matches in one answer, a Hello without addresses, and a Bye', () => {
    expect(
      parseDiscoveryMessage(body(`<d:ProbeMatches>${match('1')}${match('2')}</d:ProbeMatches>`)),
    ).toEqual({
      kind: 'present',
      devices: [
        { endpointReference: 'urn:uuid:1', serviceUrls: [] },
        { endpointReference: 'urn:uuid:2', serviceUrls: [] },
      ],
    });
    expect(
      parseDiscoveryMessage(
        body(
          `<d:Hello>${endpoint}<d:Scopes>onvif://www.onvif.org/name/Gate</d:Scopes><d:MetadataVersion>1</d:MetadataVersion></d:Hello>`,
        ),
      ),
    ).toEqual({
      kind: 'present',
      devices: [{ endpointReference: 'urn:uuid:ab', serviceUrls: [], name: 'Gate' }],
    });
    expect(parseDiscoveryMessage(body(`<d:Bye>${endpoint}</d:Bye>`))).toEqual({
      kind: 'bye',
      endpointReference: 'urn:uuid:ab',
    });
  });

  it.each([
    ['our own probe', probeMessage('1', probedTypes[0])],
    [
      'a printer',
      body(
        `<d:Hello>${endpoint}<d:Types>wsdp:Device pri:PrintDeviceType</d:Types><d:XAddrs>http://10.0.0.4/wsd</d:XAddrs></d:Hello>`,
      ),
    ],
    ['nothing', body('<d:ProbeMatches/>')],
  ])('has no interest in %s', (_what, message) => {
    expect(parseDiscoveryMessage(message)).toEqual({ kind: 'other' });
  });

  it.each([
    '',
    '<a/>',
    body('<d:Bye/>'),
    body('<d:Hello><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Hello>'),
  ])('throws on %j', (message) => {
    expect(() => parseDiscoveryMessage(message)).toThrow(XmlError);
  });
});

describe('normaliseEndpoint', () => {
  it.each([
    ['urn:uuid:ABC', 'urn:uuid:abc'],
    ['uuid:abc', 'urn:uuid:abc'],
    [' URN:UUID:aBc ', 'urn:uuid:abc'],
    ['http://camera.example/Endpoint', 'http://camera.example/Endpoint'],
    ['x'.repeat(400), 'x'.repeat(256)],
  ])('makes %j one of a kind', (address, expected) => {
    expect(normaliseEndpoint(address)).toBe(expected);
  });
});

describe('probeMessage', () => {
  it.each(probedTypes)('asks for $prefix:$name', (type) => {
    expect(parseXml(probeMessage('5c1e', type))).toMatchObject({
      Envelope: {
        Header: {
          MessageID: 'urn:uuid:5c1e',
          Action: { '#text': 'http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe' },
        },
        Body: { Probe: { Types: `${type.prefix}:${type.name}` } },
      },
    });
  });
});
