/** WS-Discovery messages (OASIS/Microsoft WS-Discovery, April 2005; ONVIF Core §7). */

import { z } from 'zod';

import { escapeXml, parseXml, XmlError } from './xml.ts';

export interface Probe {
  readonly messageId: string;
  /** Local names of the wanted types; empty matches every type. */
  readonly types: readonly string[];
  /** Wanted scopes; each must be a prefix of one of the device's, by whole path segments. */
  readonly scopes: readonly string[];
}

export interface Announcement {
  /** `urn:uuid:...` */
  readonly endpoint: string;
  readonly scopes: readonly string[];
  readonly deviceUrl: string;
  /** Grows with every boot, so that listeners can order messages (WS-Discovery §7). */
  readonly instanceId: number;
  readonly messageNumber: number;
  readonly messageId: string;
}

const textSchema = z.union([
  z.string(),
  z.object({ '#text': z.string() }).transform((node) => node['#text']),
]);

const probeSchema = z.object({
  Envelope: z.object({
    Header: z.looseObject({ MessageID: textSchema, Action: textSchema }),
    Body: z.object({
      Probe: z.union([
        z.string().transform(() => ({ Types: undefined, Scopes: undefined })),
        z.object({ Types: z.unknown().optional(), Scopes: z.unknown().optional() }),
      ]),
    }),
  }),
});

const namespaces =
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ' +
  'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" ' +
  'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"';
const discovery = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const discoveryUrn = 'urn:schemas-xmlsoap-org:ws:2005:04:discovery';
const anonymous = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous';
const deviceTypes: ReadonlySet<string> = new Set(['NetworkVideoTransmitter', 'Device']);

/** Undefined for anything that is not a Probe, which is most of what a multicast group carries. */
export function parseProbe(text: string): Probe | undefined {
  const parsed = probeSchema.safeParse(parseOrUndefined(text));
  if (!parsed.success) return undefined;
  const { Header: header, Body: body } = parsed.data.Envelope;
  if (header.Action !== `${discovery}/Probe`) return undefined;
  return {
    messageId: header.MessageID,
    types: words(body.Probe.Types).map((name) => name.slice(name.indexOf(':') + 1)),
    scopes: words(body.Probe.Scopes),
  };
}

/** Whether a camera with these scopes answers (WS-Discovery §5.1; scopes match by the rfc3986 rule of §5.1.1). */
export function matchesProbe(probe: Probe, scopes: readonly string[]): boolean {
  return (
    probe.types.every((type) => deviceTypes.has(type)) &&
    probe.scopes.every((wanted) => scopes.some((scope) => isScopePrefix(wanted, scope)))
  );
}

export function formatProbeMatches(announcement: Announcement, relatesTo: string): string {
  const match = `<d:ProbeMatches><d:ProbeMatch>${description(announcement)}</d:ProbeMatch></d:ProbeMatches>`;
  const relation = `<a:RelatesTo>${escapeXml(relatesTo)}</a:RelatesTo>`;
  return envelope(announcement, { action: 'ProbeMatches', to: anonymous, relation, body: match });
}

export function formatHello(announcement: Announcement): string {
  const body = `<d:Hello>${description(announcement)}</d:Hello>`;
  return envelope(announcement, { action: 'Hello', to: discoveryUrn, relation: '', body });
}

export function formatBye(announcement: Announcement): string {
  const body = `<d:Bye>${endpointReference(announcement)}</d:Bye>`;
  return envelope(announcement, { action: 'Bye', to: discoveryUrn, relation: '', body });
}

function envelope(
  { messageId, instanceId, messageNumber }: Announcement,
  message: { readonly action: string; readonly to: string; readonly relation: string; readonly body: string },
): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope ${namespaces}><s:Header><a:MessageID>${messageId}</a:MessageID>${message.relation}` +
    `<a:To>${message.to}</a:To><a:Action>${discovery}/${message.action}</a:Action>` +
    `<d:AppSequence InstanceId="${instanceId}" MessageNumber="${messageNumber}"/></s:Header><s:Body>${message.body}</s:Body></s:Envelope>`
  );
}

function endpointReference({ endpoint }: Announcement): string {
  return `<a:EndpointReference><a:Address>${endpoint}</a:Address></a:EndpointReference>`;
}

function description(announcement: Announcement): string {
  return (
    `${endpointReference(announcement)}<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>` +
    `<d:Scopes>${escapeXml(announcement.scopes.join(' '))}</d:Scopes><d:XAddrs>${announcement.deviceUrl}</d:XAddrs>` +
    '<d:MetadataVersion>1</d:MetadataVersion>'
  );
}

function isScopePrefix(wanted: string, scope: string): boolean {
  const [wantedParts, parts] = [wanted, scope].map((uri) => uri.replace(/\/$/, '').split('/'));
  return (wantedParts ?? []).every((part, index) => part === parts?.[index]);
}

/** A list in the manner of XML Schema: words between white space. */
function words(element: unknown): string[] {
  const { data: text = '' } = textSchema.safeParse(element);
  return text.split(/\s+/).filter((word) => word !== '');
}

function parseOrUndefined(text: string): unknown {
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}
