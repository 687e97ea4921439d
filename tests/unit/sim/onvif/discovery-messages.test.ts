import { describe, expect, it } from 'vitest';

import {
  formatBye,
  formatHello,
  formatProbeMatches,
  matchesProbe,
  parseProbe,
} from '../../../../src/sim/onvif/discovery-messages.ts';
import { parseXml } from '../../../../src/sim/onvif/xml.ts';

const action = 'http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe';

function probe(body: string, messageAction = action): string {
  return `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Header><w:MessageID>uuid:1</w:MessageID><w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To><w:Action e:mustUnderstand="true">${messageAction}</w:Action></e:Header><e:Body>${body}</e:Body></e:Envelope>`;
}

describe('parseProbe', () => {
  it('reads types and scopes', () => {
    const body =
      '<d:Probe><d:Types xmlns:dn="n">dn:NetworkVideoTransmitter  tds:Device</d:Types><d:Scopes MatchBy="m">onvif://www.onvif.org/type</d:Scopes></d:Probe>';
    expect(parseProbe(probe(body))).toEqual({
      messageId: 'uuid:1',
      types: ['NetworkVideoTransmitter', 'Device'],
      scopes: ['onvif://www.onvif.org/type'],
    });
  });

  it('reads a probe for everything', () => {
    const everything = { messageId: 'uuid:1', types: [], scopes: [] };
    expect([parseProbe(probe('<d:Probe/>')), parseProbe(probe('<d:Probe><d:Types/></d:Probe>'))]).toEqual([
      everything,
      everything,
    ]);
  });

  it.each([
    'M-SEARCH * HTTP/1.1',
    '',
    probe('<d:Hello/>'),
    probe('<d:Probe/>', `${action}Matches`),
    '<a/>',
    '<!DOCTYPE a><a/>',
  ])('ignores %s', (text) => {
    expect(parseProbe(text)).toBeUndefined();
  });
});

describe('matchesProbe', () => {
  const own = ['onvif://www.onvif.org/Profile/Streaming', 'onvif://www.onvif.org/name/Gate'];
  it.each([
    { types: [], scopes: [], matches: true },
    { types: ['NetworkVideoTransmitter'], scopes: [], matches: true },
    { types: ['Device', 'NetworkVideoTransmitter'], scopes: [], matches: true },
    { types: ['Printer'], scopes: [], matches: false },
    { types: [], scopes: ['onvif://www.onvif.org/Profile'], matches: true },
    { types: [], scopes: ['onvif://www.onvif.org/Profile/'], matches: true },
    { types: [], scopes: ['onvif://www.onvif.org/Pro'], matches: false },
    {
      types: [],
      scopes: ['onvif://www.onvif.org/name/Gate', 'onvif://www.onvif.org/location/yard'],
      matches: false,
    },
  ])('types $types, scopes $scopes: $matches', ({ types, scopes, matches }) => {
    expect(matchesProbe({ messageId: 'uuid:1', types, scopes }, own)).toBe(matches);
  });
});

describe('announcements', () => {
  const announcement = {
    endpoint: 'urn:uuid:5',
    scopes: ['onvif://a', 'onvif://b'],
    deviceUrl: 'http://127.20.0.1:8080/onvif/device_service',
    instanceId: 3,
    messageNumber: 7,
    messageId: 'urn:uuid:9',
  };
  const endpoint = { EndpointReference: { Address: 'urn:uuid:5' } };
  const described = {
    ...endpoint,
    Types: 'dn:NetworkVideoTransmitter tds:Device',
    Scopes: 'onvif://a onvif://b',
    XAddrs: 'http://127.20.0.1:8080/onvif/device_service',
    MetadataVersion: '1',
  };
  const sequence = { '@InstanceId': '3', '@MessageNumber': '7' };
  const everyone = 'urn:schemas-xmlsoap-org:ws:2005:04:discovery';
  const discovery = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';

  it.each([
    {
      message: formatProbeMatches(announcement, 'uuid:<1>'),
      header: {
        MessageID: 'urn:uuid:9',
        RelatesTo: 'uuid:<1>',
        To: 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous',
        Action: `${discovery}/ProbeMatches`,
        AppSequence: sequence,
      },
      body: { ProbeMatches: { ProbeMatch: described } },
    },
    {
      message: formatHello(announcement),
      header: { MessageID: 'urn:uuid:9', To: everyone, Action: `${discovery}/Hello`, AppSequence: sequence },
      body: { Hello: described },
    },
    {
      message: formatBye(announcement),
      header: { MessageID: 'urn:uuid:9', To: everyone, Action: `${discovery}/Bye`, AppSequence: sequence },
      body: { Bye: endpoint },
    },
  ])('$header.Action', ({ message, header, body }) => {
    expect(parseXml(message)).toMatchObject({ Envelope: { Header: header, Body: body } });
  });
});
