import { z } from 'zod';
import { Text, XmlError, element, escapeXml, parseXml, several } from './xml.ts';

/** Types to ask for: older cameras answer to the first only, some newer ones to the second only (ONVIF Core §7.3.1). */
export const probedTypes = [
  { prefix: 'dn', namespace: 'http://www.onvif.org/ver10/network/wsdl', name: 'NetworkVideoTransmitter' },
  { prefix: 'tds', namespace: 'http://www.onvif.org/ver10/device/wsdl', name: 'Device' },
] as const;
export type ProbedType = (typeof probedTypes)[number];

/** A Probe, WS-Discovery (April 2005) §5.2. */
export function probeMessage(messageUuid: string, type: ProbedType): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"' +
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"' +
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"' +
    ` xmlns:${type.prefix}="${type.namespace}">` +
    '<e:Header>' +
    `<a:MessageID>urn:uuid:${escapeXml(messageUuid)}</a:MessageID>` +
    '<a:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>' +
    '<a:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>' +
    '</e:Header>' +
    `<e:Body><d:Probe><d:Types>${type.prefix}:${type.name}</d:Types></d:Probe></e:Body>` +
    '</e:Envelope>'
  );
}

/** What an ONVIF device says of itself; nothing of it is proven. */
export interface Announcement {
  /** Normalised, see `normaliseEndpoint`. */
  readonly endpointReference: string;
  /** Addresses of its device service, in its order; empty in a Hello that leaves them out. */
  readonly serviceUrls: readonly string[];
  readonly name?: string;
  readonly manufacturer?: string;
  readonly hardware?: string;
  readonly location?: string;
}

export type DiscoveryMessage =
  | { readonly kind: 'present'; readonly devices: readonly Announcement[] }
  | { readonly kind: 'bye'; readonly endpointReference: string }
  /** Somebody's probe, or a device that is no ONVIF one. */
  | { readonly kind: 'other' };

const Endpoint = z.object({ EndpointReference: z.object({ Address: Text }) });
const Description = Endpoint.extend({
  Types: Text.optional(),
  Scopes: Text.optional(),
  XAddrs: Text.optional(),
});
const maximumMatches = 32;
const Message = z.object({
  Envelope: z.object({
    Body: z.object({
      ProbeMatches: element({ ProbeMatch: several(Description, maximumMatches) }).optional(),
      Hello: Description.optional(),
      Bye: Endpoint.optional(),
    }),
  }),
});

/** Reads one datagram. Throws `XmlError` when it is no message of WS-Discovery. */
export function parseDiscoveryMessage(text: string): DiscoveryMessage {
  const message = Message.safeParse(parseXml(text));
  if (!message.success) throw new XmlError('this is no message of WS-Discovery');
  const { ProbeMatches, Hello, Bye } = message.data.Envelope.Body;
  if (Bye) return { kind: 'bye', endpointReference: normaliseEndpoint(Bye.EndpointReference.Address) };
  const described = [...(ProbeMatches?.ProbeMatch ?? []), ...(Hello ? [Hello] : [])];
  const devices = described.filter(isOnvif).map(announcementOf);
  return devices.length > 0 ? { kind: 'present', devices } : { kind: 'other' };
}

/** Vendors write `urn:uuid:X`, `uuid:X` and upper case, sometimes differently in Hello and ProbeMatch. */
export function normaliseEndpoint(address: string): string {
  const text = address.trim();
  const uuid = /^(?:urn:)?uuid:(.+)$/i.exec(text)?.[1];
  return uuid === undefined ? text.slice(0, 256) : `urn:uuid:${uuid.toLowerCase()}`.slice(0, 256);
}

const scopePrefix = 'onvif://www.onvif.org/';

function isOnvif({ Types = '', Scopes = '', XAddrs = '' }: z.infer<typeof Description>): boolean {
  const types = new Set(words(Types).map((type) => type.split(':').at(-1)));
  return (
    types.has('NetworkVideoTransmitter') ||
    words(Scopes).some((scope) => scope.toLowerCase().startsWith(scopePrefix)) ||
    // Printers are a `Device` too, of another namespace.
    (types.has('Device') && XAddrs.includes('/onvif/'))
  );
}

function announcementOf(description: z.infer<typeof Description>): Announcement {
  const scopes = words(description.Scopes ?? '');
  const scope = (category: string): string | undefined => {
    const prefix = `${scopePrefix}${category}/`;
    const found = scopes.find((text) => text.toLowerCase().startsWith(prefix))?.slice(prefix.length);
    return found ? decodeScope(found) : undefined;
  };
  const name = scope('name');
  const manufacturer = scope('manufacturer') ?? scope('mfr');
  const hardware = scope('hardware');
  const location = scope('location');
  return {
    endpointReference: normaliseEndpoint(description.EndpointReference.Address),
    serviceUrls: words(description.XAddrs ?? '').slice(0, 16),
    ...(name !== undefined && { name }),
    ...(manufacturer !== undefined && { manufacturer }),
    ...(hardware !== undefined && { hardware }),
    ...(location !== undefined && { location }),
  };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Scopes are percent-encoded (ONVIF Core §7.3.2.2); some vendors leave a bare percent sign or use `_` for a space. */
function decodeScope(text: string): string {
  const decoded = decodeOrKeep(text)
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
  return decoded.slice(0, 200);
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
