import { describe, expect, it } from 'vitest';
import { sharedLookup } from '../../../../src/engine/rtsp/shared-lookup.ts';
import type { LookupAnswer } from '../../../../src/engine/rtsp/shared-lookup.ts';

function createNameServer() {
  const asked: { readonly hostname: string; readonly answer: LookupAnswer }[] = [];
  const heard: string[] = [];
  const lookup = sharedLookup((hostname, _options, answer) => {
    asked.push({ hostname, answer });
  });
  const ask = (who: string, hostname: string, options = {}): void => {
    lookup(hostname, options, (error, address) => {
      heard.push(`${who} ${error?.code ?? JSON.stringify(address)}`);
    });
  };
  return { asked, heard, ask };
}

describe('sharedLookup', () => {
  it('asks once, however many attempts wait for the name, and once more for the next', () => {
    const { asked, heard, ask } = createNameServer();
    for (const who of ['a', 'b', 'c']) ask(who, 'gate.example');
    ask('d', 'yard.example');
    expect(asked.map(({ hostname }) => hostname)).toEqual(['gate.example', 'yard.example']);
    asked[0]?.answer(null, '192.0.2.7', 4);
    expect(heard).toEqual(['a "192.0.2.7"', 'b "192.0.2.7"', 'c "192.0.2.7"']);
    ask('e', 'gate.example');
    expect(asked).toHaveLength(3);
  });

  it('tells all of them when the name cannot be resolved', () => {
    const { asked, heard, ask } = createNameServer();
    ask('a', 'gate.example');
    ask('b', 'gate.example');
    asked[0]?.answer(Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' }), '', 0);
    expect(heard).toEqual(['a EAI_AGAIN', 'b EAI_AGAIN']);
  });

  it('answers other questions about the name apart', () => {
    const { asked, ask } = createNameServer();
    ask('a', 'gate.example', { all: true });
    ask('b', 'gate.example', { all: false });
    expect(asked).toHaveLength(2);
  });
});
