const LAST_CHANNEL = 255;

/**
 * The channel for RTP that a player's `Transport` asks for (RFC 2326 §12.39); its RTCP goes on the next. Undefined when the
 * player offers nothing but UDP, or channels that are taken: 461 makes it try TCP.
 */
export function interleavedChannel(transport: string, taken: readonly number[]): number | undefined {
  const isFree = (channel: number): boolean =>
    channel + 1 <= LAST_CHANNEL && taken.every((other) => Math.abs(other - channel) > 1);
  for (const offer of transport.split(',')) {
    const [profile = '', ...parameters] = offer.split(';').map((part) => part.trim().toLowerCase());
    const isPlay = !parameters.some((parameter) => /^mode\s*=\s*"?(?!"?play)/.test(parameter));
    if (profile !== 'rtp/avp/tcp' || !isPlay) continue;
    const asked = parameters.find((parameter) => parameter.startsWith('interleaved='));
    const channel = asked === undefined ? firstFree(isFree) : askedChannel(asked);
    if (channel !== undefined && isFree(channel)) return channel;
  }
  return undefined;
}

function askedChannel(parameter: string): number | undefined {
  const [, first, second] = /^interleaved=(\d{1,3})(?:-(\d{1,3}))?$/.exec(parameter) ?? [];
  if (first === undefined) return undefined;
  const channel = Number(first);
  return second === undefined || Number(second) === channel + 1 ? channel : undefined;
}

function firstFree(isFree: (channel: number) => boolean): number | undefined {
  for (let channel = 0; channel < LAST_CHANNEL; channel += 2) if (isFree(channel)) return channel;
  return undefined;
}
