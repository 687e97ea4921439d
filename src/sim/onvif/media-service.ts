/** The ONVIF media service, version 1 (ONVIF Media Service Specification §5): two profiles, main and sub. */

import { z } from 'zod';

import type { StreamName } from '../clip/clip.ts';
import type { OnvifFacts } from './facts.ts';
import type { SoapFault } from './soap.ts';

/** The response element, a fault of the arguments, or undefined when the service has no such operation. */
export function answerMediaRequest(
  operation: string,
  content: unknown,
  facts: OnvifFacts,
): string | SoapFault | undefined {
  switch (operation) {
    case 'GetProfiles':
      return `<trt:GetProfilesResponse>${profile('main', facts)}${profile('sub', facts)}</trt:GetProfilesResponse>`;
    case 'GetStreamUri':
      return withProfile(content, (stream) =>
        mediaUri('GetStreamUri', stream === 'main' ? facts.mainUrl : facts.subUrl),
      );
    case 'GetSnapshotUri':
      return withProfile(content, () => mediaUri('GetSnapshotUri', facts.snapshotUrl));
    default:
      return undefined;
  }
}

const profileTokens: Readonly<Record<StreamName, string>> = { main: 'profile_main', sub: 'profile_sub' };

const profileRequestSchema = z.object({ ProfileToken: z.string() });

function withProfile(content: unknown, answer: (stream: StreamName) => string): string | SoapFault {
  const request = profileRequestSchema.safeParse(content);
  const stream = (['main', 'sub'] as const).find(
    (name) => request.success && profileTokens[name] === request.data.ProfileToken,
  );
  return stream === undefined
    ? { code: 'Sender', subcode: 'InvalidArgVal', reason: 'The requested profile does not exist.' }
    : answer(stream);
}

function mediaUri(operation: string, url: string): string {
  return (
    `<trt:${operation}Response><trt:MediaUri><tt:Uri>${url}</tt:Uri>` +
    '<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>' +
    `<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:${operation}Response>`
  );
}

function profile(stream: StreamName, { clip }: OnvifFacts): string {
  const { width, height, framesPerSecond, framesPerGroup } = clip.streams[stream];
  const source = configuration(
    'VideoSourceConfiguration',
    'video_source_configuration',
    `<tt:SourceToken>video_source</tt:SourceToken><tt:Bounds x="0" y="0" width="${clip.streams.main.width}" height="${clip.streams.main.height}"/>`,
  );
  const encoder = configuration(
    'VideoEncoderConfiguration',
    `video_encoder_${stream}`,
    `<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution>` +
      `<tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>${framesPerSecond}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>` +
      `<tt:BitrateLimit>${stream === 'main' ? 512 : 192}</tt:BitrateLimit></tt:RateControl>` +
      `<tt:H264><tt:GovLength>${framesPerGroup}</tt:GovLength><tt:H264Profile>High</tt:H264Profile></tt:H264><tt:SessionTimeout>PT60S</tt:SessionTimeout>`,
  );
  const audio =
    clip.audio === undefined
      ? ''
      : configuration(
          'AudioEncoderConfiguration',
          'audio_encoder',
          `<tt:Encoding>AAC</tt:Encoding><tt:Bitrate>32</tt:Bitrate><tt:SampleRate>${clip.audio.sampleRateHz / 1000}</tt:SampleRate><tt:SessionTimeout>PT60S</tt:SessionTimeout>`,
        );
  return `<trt:Profiles token="${profileTokens[stream]}" fixed="true"><tt:Name>${stream}</tt:Name>${source}${encoder}${audio}</trt:Profiles>`;
}

function configuration(kind: string, token: string, inner: string): string {
  return `<tt:${kind} token="${token}"><tt:Name>${token}</tt:Name><tt:UseCount>1</tt:UseCount>${inner}</tt:${kind}>`;
}
