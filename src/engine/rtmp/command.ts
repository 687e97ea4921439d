import { decodeAmf0 } from './amf0.ts';
import type { AmfValue } from './amf0.ts';

/** What a peer asks for: Adobe's Real Time Messaging Protocol 1.0 §7.2, and what encoders made up beside it. */
export type Command =
  | { readonly kind: 'connect'; readonly transactionId: number; readonly application: string }
  | { readonly kind: 'create-stream'; readonly transactionId: number }
  /** `releaseStream` and `FCPublish`: announcements of a `publish` that some wait to have answered. */
  | { readonly kind: 'announce'; readonly transactionId: number }
  | { readonly kind: 'publish'; readonly transactionId: number; readonly streamName: string }
  | { readonly kind: 'play'; readonly transactionId: number; readonly streamName: string }
  | { readonly kind: 'pause'; readonly isPaused: boolean }
  /** `closeStream`, `deleteStream` and `FCUnpublish`. */
  | { readonly kind: 'end' }
  | { readonly kind: 'other'; readonly name: string };

/** Undefined where the message is no command. */
export function parseCommand(payload: Uint8Array): Command | undefined {
  const values = decodeAmf0(payload);
  const name = values?.[0];
  if (values === undefined || typeof name !== 'string') return undefined;
  const transactionId = typeof values[1] === 'number' ? values[1] : 0;
  switch (name) {
    case 'connect':
      return { kind: 'connect', transactionId, application: textOf(property(values[2], 'app')) };
    case 'createStream':
      return { kind: 'create-stream', transactionId };
    case 'releaseStream':
    case 'FCPublish':
      return { kind: 'announce', transactionId };
    case 'publish':
      return { kind: 'publish', transactionId, streamName: textOf(values[3]) };
    case 'play':
      return { kind: 'play', transactionId, streamName: textOf(values[3]) };
    case 'pause':
      return { kind: 'pause', isPaused: values[3] === true };
    case 'closeStream':
    case 'deleteStream':
    case 'FCUnpublish':
      return { kind: 'end' };
    default:
      return { kind: 'other', name };
  }
}

/** What a publisher says of its stream before it sends it: `@setDataFrame` with `onMetaData`, or that alone. */
export interface AnnouncedTracks {
  /** Whether it announces sound. */
  readonly hasAudio: boolean;
}

/** Undefined where the message says no such thing. */
export function parseMetadata(payload: Uint8Array): AnnouncedTracks | undefined {
  const values = decodeAmf0(payload) ?? [];
  const name = values.findIndex((value) => value === 'onMetaData');
  if (name < 0) return undefined;
  const codec = property(values[name + 1], 'audiocodecid');
  return {
    hasAudio: (typeof codec === 'number' && codec > 0) || (typeof codec === 'string' && codec !== ''),
  };
}

function property(value: AmfValue, name: string): AmfValue {
  return value instanceof Map ? value.get(name) : undefined;
}

function textOf(value: AmfValue): string {
  return typeof value === 'string' ? value : '';
}
