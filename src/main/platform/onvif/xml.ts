import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';

/** Something that is not the XML we asked for: broken, with a document type, too deep, or with elements missing. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

const maximumDepth = 32;
/** Opening and closing ones; the profiles of a recorder with 64 channels take about 20,000. */
const maximumTags = 50_000;
const named: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Only XML's five predefined entities and character references (XML 1.0 §4.1, §4.6): nothing that a document could define. */
function decodeReferences(text: string): string {
  return text.replaceAll(
    /&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|amp|lt|gt|quot|apos);/g,
    (whole, reference: string) => {
      if (!reference.startsWith('#')) return named.get(reference) ?? whole;
      const codePoint = Number(reference.startsWith('#x') ? `0${reference.slice(1)}` : reference.slice(1));
      return codePoint > 0 && codePoint <= 0x10_ff_ff ? String.fromCodePoint(codePoint) : whole;
    },
  );
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  maxNestedTags: maximumDepth,
  tagValueProcessor: (_name, text) => decodeReferences(text),
  attributeValueProcessor: (_name, text) => decodeReferences(text),
});

/**
 * XML as plain objects: elements by local name (prefixes differ from vendor to vendor), several of one name as an array,
 * attributes as `@name`, text as a string, or as `#text` beside attributes. Always give the outcome to a schema.
 */
export function parseXml(text: string): unknown {
  // Entities can only be defined in a document type, which SOAP forbids (SOAP 1.2 Part 1 §5).
  if (text.includes('<!DOCTYPE')) throw new XmlError('the answer has a document type, which SOAP forbids');
  if (hasMoreTags(text, maximumTags)) throw new XmlError(`the answer has more than ${maximumTags} tags`);
  try {
    return parser.parse(text, true);
  } catch (error) {
    throw new XmlError('the answer is not well-formed XML', { cause: error });
  }
}

/** The parser's time goes by tags: a megabyte of small ones would hold up everything else for seconds. */
function hasMoreTags(text: string, limit: number): boolean {
  let count = 0;
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    count += 1;
    if (count > limit) return true;
  }
  return false;
}

export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** An element's text, with or without attributes. */
export const Text = z.union([
  z.string(),
  z.object({ '#text': z.string().default('') }).transform((parsed) => parsed['#text']),
]);

/** An element with children; one without any is parsed as an empty string. */
export function element<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess((value) => (value === '' ? {} : value), z.object(shape));
}

/** An element that may come once, several times or not at all. */
export function several<S extends z.ZodType>(schema: S, maximum: number) {
  return z.preprocess((value) => {
    if (value === undefined || value === '') return [];
    return Array.isArray(value) ? value.slice(0, maximum) : [value];
  }, z.array(schema));
}
