import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import { Text, XmlError, escapeXml, parseXml } from './xml.ts';

const wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const passwordDigest =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';

/** A SOAP 1.2 request. `body` is XML with the namespaces `tds`, `trt` and `tt` at hand. */
export function soapEnvelope(body: string, header = ''): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"' +
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"' +
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl"' +
    ' xmlns:tt="http://www.onvif.org/ver10/schema">' +
    (header === '' ? '' : `<s:Header>${header}</s:Header>`) +
    `<s:Body>${body}</s:Body></s:Envelope>`
  );
}

/**
 * UsernameToken with a password digest (WSS UsernameToken Profile 1.0 §3.1): Base64(SHA-1(nonce + created + password)).
 * `createdUtcMs` is by the camera's clock, since it refuses tokens that are too old or from the future.
 */
export function usernameToken(
  { username, password }: Credentials,
  createdUtcMs: number,
  nonce: Buffer = randomBytes(16),
): string {
  const created = new Date(createdUtcMs).toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return (
    `<wsse:Security s:mustUnderstand="true" xmlns:wsse="${wsse}" xmlns:wsu="${wsu}"><wsse:UsernameToken>` +
    `<wsse:Username>${escapeXml(username)}</wsse:Username>` +
    `<wsse:Password Type="${passwordDigest}">${digest}</wsse:Password>` +
    `<wsse:Nonce>${nonce.toString('base64')}</wsse:Nonce><wsu:Created>${created}</wsu:Created>` +
    '</wsse:UsernameToken></wsse:Security>'
  );
}

export type SoapOutcome =
  | { readonly kind: 'answer'; readonly body: unknown }
  | { readonly kind: 'fault'; readonly codes: readonly string[]; readonly reason: string };

/** SOAP 1.2 Part 1 §5.4; `Subcode` nests, two levels are what ONVIF uses. SOAP 1.1's form comes from some old cameras. */
const Subcode = z.object({
  Value: Text.optional(),
  Subcode: z.object({ Value: Text.optional() }).optional(),
});
const Fault = z.object({
  Code: Subcode.extend({ Subcode: Subcode.optional() }).optional(),
  Reason: z.object({ Text: z.union([Text, z.array(Text).transform((all) => all[0] ?? '')]) }).optional(),
  faultcode: Text.optional(),
  faultstring: Text.optional(),
});
const Envelope = z.object({ Envelope: z.object({ Body: z.unknown() }) });
const FaultBody = z.object({ Fault });

/** Reads an answer. Throws `XmlError` when it is no SOAP. */
export function readSoap(text: string): SoapOutcome {
  const envelope = Envelope.safeParse(parseXml(text));
  if (!envelope.success) throw new XmlError('the answer is not a SOAP envelope');
  const body = envelope.data.Envelope.Body;
  const faulty = FaultBody.safeParse(body);
  if (!faulty.success) return { kind: 'answer', body };
  const { Code, Reason, faultcode, faultstring } = faulty.data.Fault;
  const codes = [Code?.Value, Code?.Subcode?.Value, Code?.Subcode?.Subcode?.Value, faultcode];
  return {
    kind: 'fault',
    codes: codes.filter((code) => code !== undefined).map((code) => code.trim().split(':').at(-1) ?? ''),
    reason: (Reason?.Text ?? faultstring ?? '').trim().slice(0, 300),
  };
}

/** ONVIF Core §5.9.2 `ter:NotAuthorized`, and WS-Security's own codes, WSS SOAP Message Security §12. */
const refusals: ReadonlySet<string> = new Set([
  'NotAuthorized',
  'FailedAuthentication',
  'InvalidSecurity',
  'InvalidSecurityToken',
  'OperationProhibited',
]);

export function isRefusal(fault: { readonly codes: readonly string[]; readonly reason: string }): boolean {
  return fault.codes.some((code) => refusals.has(code)) || /not authorized/i.test(fault.reason);
}
