/** The ONVIF device service (ONVIF Core Specification §8), as far as an installer's tool asks. */

import type { SimClock } from '../clock.ts';
import { scopesOf, type OnvifFacts } from './facts.ts';
import { escapeXml } from './xml.ts';

/** The response element of an operation, or undefined when the service has no such operation. */
export function answerDeviceRequest(
  operation: string,
  facts: OnvifFacts,
  clock: SimClock,
): string | undefined {
  switch (operation) {
    case 'GetSystemDateAndTime':
      return systemDateAndTime(clock);
    case 'GetDeviceInformation':
      return deviceInformation(facts);
    case 'GetCapabilities':
      return capabilities(facts);
    case 'GetServices':
      return services(facts);
    case 'GetScopes':
      return scopes(facts);
    default:
      return undefined;
  }
}

function systemDateAndTime(clock: SimClock): string {
  const now = new Date(clock.utcMs());
  const time = `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>`;
  const date = `<tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>`;
  return (
    '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>' +
    '<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone>' +
    `<tt:UTCDateTime>${time}${date}</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`
  );
}

function deviceInformation(facts: OnvifFacts): string {
  return `<tds:GetDeviceInformationResponse>${[
    element('Manufacturer', facts.manufacturer),
    element('Model', facts.model),
    element('FirmwareVersion', facts.firmwareVersion),
    element('SerialNumber', facts.serialNumber),
    element('HardwareId', facts.hardwareId),
  ].join('')}</tds:GetDeviceInformationResponse>`;
}

function element(name: string, value: string): string {
  return `<tds:${name}>${escapeXml(value)}</tds:${name}>`;
}

function capabilities({ deviceUrl, mediaUrl }: OnvifFacts): string {
  return (
    `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>${deviceUrl}</tt:XAddr></tt:Device>` +
    `<tt:Media><tt:XAddr>${mediaUrl}</tt:XAddr><tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast>` +
    '<tt:RTP_TCP>false</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>' +
    '</tds:Capabilities></tds:GetCapabilitiesResponse>'
  );
}

function services({ deviceUrl, mediaUrl }: OnvifFacts): string {
  return `<tds:GetServicesResponse>${service('device', deviceUrl)}${service('media', mediaUrl)}</tds:GetServicesResponse>`;
}

function service(namespace: string, url: string): string {
  return (
    `<tds:Service><tds:Namespace>http://www.onvif.org/ver10/${namespace}/wsdl</tds:Namespace><tds:XAddr>${url}</tds:XAddr>` +
    '<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>'
  );
}

function scopes(facts: OnvifFacts): string {
  const items = scopesOf(facts).map(
    (scope) =>
      `<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>${escapeXml(scope)}</tt:ScopeItem></tds:Scopes>`,
  );
  return `<tds:GetScopesResponse>${items.join('')}</tds:GetScopesResponse>`;
}
