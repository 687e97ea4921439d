import { describe, expect, it } from 'vitest';
import { XmlError, escapeXml, parseXml } from '../../../../../src/main/platform/onvif/xml.ts';

describe('parseXml', () => {
  it('names elements and attributes without prefixes, and keeps everything as text', () => {
    expect(parseXml('<s:A xmlns:s="u"><t:B token="007" fixed="true">12</t:B><B>x</B><C/></s:A>')).toEqual({
      A: { B: [{ '@token': '007', '@fixed': 'true', '#text': '12' }, 'x'], C: '' },
    });
  });

  it('reads the five entities and character references, once', () => {
    expect(
      parseXml('<A b="&quot;&#x20AC;">?a=1&amp;b=2 &lt;&gt; &apos;&#228; &amp;lt; &#0; &unknown;</A>'),
    ).toEqual({
      A: { '@b': '"€', '#text': `?a=1&b=2 <> 'ä &lt; &#0; &unknown;` },
    });
  });

  it.each([
    '',
    'hello',
    '<a>',
    '<a></b>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
    '<__proto__>1</__proto__>',
  ])('refuses %j', (text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  it('refuses what would take long, before it takes long', () => {
    const startedMs = performance.now();
    expect(() => parseXml(`<r>${'x<a/>'.repeat(200_000)}</r>`)).toThrow(XmlError);
    expect(performance.now() - startedMs).toBeLessThan(100);
  });

  it('gives back what was escaped', () => {
    const hostile = `</Username><x y="'&amp;'">ä`;
    expect(parseXml(`<A b="${escapeXml(hostile)}">${escapeXml(hostile)}</A>`)).toEqual({
      A: { '@b': hostile, '#text': hostile },
    });
  });
});
