/** XML in and out, bounded: cameras are talked to by strangers. */

import { XMLParser } from 'fast-xml-parser';

/** Largest document a camera reads. */
export const maximumXmlBytes = 64 * 1024;
const maximumDepth = 24;

/** A document that is too large, not well-formed, or declares a document type. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  parseTagValue: false,
  parseAttributeValue: false,
  maxNestedTags: maximumDepth,
});

/** Elements by local name, attributes by `@name`, text beside them as `#text`. Throws an XmlError. */
export function parseXml(text: string): unknown {
  if (Buffer.byteLength(text) > maximumXmlBytes) {
    throw new XmlError(`The document is larger than ${maximumXmlBytes} bytes.`);
  }
  if (text.includes('<!DOCTYPE')) throw new XmlError('A document type is not accepted.');
  try {
    const document: unknown = parser.parse(text, true);
    return document;
  } catch (error) {
    throw new XmlError('The document is not well-formed.', { cause: error });
  }
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? character);
}
