/** SOAP 1.2 envelopes as ONVIF uses them (ONVIF Core Specification §5). */

import { z } from 'zod';

import { escapeXml, parseXml, XmlError } from './xml.ts';

/** Text of an element with or without attributes. */
const textSchema = z.union([
  z.string(),
  z.object({ '#text': z.string() }).transform((node) => node['#text']),
]);

/** A UsernameToken with a digest (WS-Security UsernameToken Profile 1.1 §3.1). */
export const usernameTokenSchema = z.object({
  Username: textSchema,
  Password: z.object({ '#text': z.string(), '@Type': z.string().endsWith('#PasswordDigest') }),
  Nonce: textSchema,
  Created: textSchema,
});

export type UsernameToken = z.infer<typeof usernameTokenSchema>;

/** An element without content parses as an empty string. */
const emptyOr = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal(''), schema]);

const envelopeSchema = z.object({
  Envelope: z.object({
    Header: emptyOr(
      z.looseObject({ Security: z.object({ UsernameToken: z.unknown() }).optional() }),
    ).optional(),
    Body: z.record(z.string(), z.unknown()),
  }),
});

export interface SoapRequest {
  /** Local name of the element in the body, such as `GetProfiles`. */
  readonly operation: string;
  /** That element's content. */
  readonly content: unknown;
  /** `unusable` when there is a security header that is no digest token. */
  readonly token: UsernameToken | 'unusable' | undefined;
}

/** Parses a request. Throws an XmlError when it is no envelope with exactly one element in the body. */
export function parseSoapRequest(text: string): SoapRequest {
  const parsed = envelopeSchema.safeParse(parseXml(text));
  if (!parsed.success) throw new XmlError('The document is not a SOAP envelope.');
  const { Header: header, Body: body } = parsed.data.Envelope;
  const elements = Object.entries(body).filter(([name]) => !name.startsWith('@') && name !== '#text');
  const [first] = elements;
  if (first === undefined || elements.length > 1) {
    throw new XmlError('The SOAP body must hold exactly one element.');
  }
  const security = header === undefined || header === '' ? undefined : header.Security;
  const token = security && usernameTokenSchema.safeParse(security.UsernameToken);
  return {
    operation: first[0],
    content: first[1],
    token: token && (token.success ? token.data : 'unusable'),
  };
}

const namespaces = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tt: 'http://www.onvif.org/ver10/schema',
  ter: 'http://www.onvif.org/ver10/error',
} as const;

/** An envelope around `body`, which uses the prefixes s, tds, trt, tt and ter. */
export function formatEnvelope(body: string): string {
  const declarations = Object.entries(namespaces)
    .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
    .join(' ');
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope ${declarations}><s:Body>${body}</s:Body></s:Envelope>`;
}

export interface SoapFault {
  readonly code: 'Sender' | 'Receiver';
  /** ONVIF's own code (ONVIF Core §5.8.2.2), such as `NotAuthorized`. */
  readonly subcode: 'NotAuthorized' | 'WellFormed' | 'ActionNotSupported' | 'InvalidArgVal';
  readonly reason: string;
}

export function formatFault({ code, subcode, reason }: SoapFault): string {
  return formatEnvelope(
    `<s:Fault><s:Code><s:Value>s:${code}</s:Value><s:Subcode><s:Value>ter:${subcode}</s:Value></s:Subcode></s:Code>` +
      `<s:Reason><s:Text xml:lang="en">${escapeXml(reason)}</s:Text></s:Reason></s:Fault>`,
  );
}
