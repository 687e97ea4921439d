/** What a socket's error means to somebody who does not know errno. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing accepts connections there',
  ECONNRESET: 'it hung up',
  ECONNABORTED: 'it hung up',
  EPIPE: 'it hung up',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to its network',
  EHOSTDOWN: 'it is not on the network',
  ENOTFOUND: 'nobody knows its name',
  EAI_AGAIN: 'nobody answers for its name',
};

/** A clause for a sentence; a code without words of its own stands for itself, so that it can be looked up. */
export function networkFailureWords(code: string): string {
  return words[code] ?? code;
}
