/** The Transport header (RFC 2326 §12.39), of which the cameras speak RTP over the RTSP connection only. */

/**
 * Chooses the RTP channel for a SETUP: the one the viewer proposes, else `freeChannel`. Undefined when the viewer offers no
 * interleaved transport.
 */
export function chooseInterleavedChannel(header: string, freeChannel: number): number | undefined {
  for (const specification of header.split(',')) {
    const [profile = '', ...parameters] = specification.trim().split(';');
    if (profile.toUpperCase() !== 'RTP/AVP/TCP') continue;
    const proposal = parameters.find((parameter) => parameter.startsWith('interleaved='));
    if (proposal === undefined) return freeChannel;
    const [, first] = /^interleaved=(\d{1,3})(?:-\d{1,3})?$/.exec(proposal) ?? [];
    const channel = Number(first);
    if (Number.isInteger(channel) && channel <= 254) return channel;
  }
  return undefined;
}
