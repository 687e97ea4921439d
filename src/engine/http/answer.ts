import type { z } from 'zod';

/** What a route answers, before it is sent. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly body: object }
  | {
      readonly kind: 'text';
      readonly contentType: string;
      readonly text: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'file';
      readonly file: ReadableFile;
      readonly contentType: string;
    }
  | {
      readonly kind: 'bytes';
      readonly contentType: string;
      readonly chunks: readonly Uint8Array[];
    }
  | { readonly kind: 'stream'; readonly contentType: string; readonly open: OpenStream };

/** The receiving end of an answer without an end. None of these throws. */
export interface StreamOutlet {
  send(bytes: Uint8Array): void;
  /** Bytes accepted by `send` that have not reached the network. */
  bufferedBytes(): number;
  /** Ends the answer; `code` and `reason` are for those who read the log, HTTP has no place for them. */
  close(code: number, reason: string): void;
}

/** Begins to send to the outlet. Disposing stops. Throws `ApiFailure` when it will not. */
export type OpenStream = (outlet: StreamOutlet) => Disposable;

/** What a route promises to answer when all goes well, for those who read the API's description. */
export type AnswerDescription =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly statuses: readonly number[] }
  | { readonly kind: 'text' | 'file' | 'bytes' | 'stream'; readonly contentType: string };

/** Ties what a route promises to what its handler returns. */
export interface AnswerForm<Result> {
  readonly description: AnswerDescription;
  answer(result: Result): Answer;
}

interface JsonStatuses<Body> {
  readonly statuses: readonly number[];
  readonly statusOf: (body: Body) => number;
}

const alwaysOk: JsonStatuses<unknown> = { statuses: [200], statusOf: () => 200 };

/** A JSON body of this schema; 200 unless `statuses` says otherwise. */
export function jsonAnswer<Body extends object>(
  schema: z.ZodType<Body>,
  { statuses, statusOf }: JsonStatuses<Body> = alwaysOk,
): AnswerForm<Body> {
  return {
    description: { kind: 'json', schema, statuses },
    answer: (body) => ({ kind: 'json', status: statusOf(body), body }),
  };
}

export function textAnswer(
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): AnswerForm<string> {
  return {
    description: { kind: 'text', contentType },
    answer: (text) => ({ kind: 'text', contentType, text, headers }),
  };
}

/** A file that somebody else opens and reads. */
export interface ReadableFile {
  readonly byteLength: number;
  /** The bytes from `first` to `last`, both included; fewer when the file became shorter. Rejects with the system's error. */
  read(range: { readonly first: number; readonly last: number }): AsyncIterable<Uint8Array>;
}

/** A file's bytes; byte ranges are served. */
export function fileAnswer(contentType: string): AnswerForm<ReadableFile> {
  return {
    description: { kind: 'file', contentType },
    answer: (file) => ({ kind: 'file', file, contentType }),
  };
}

/** Bytes in memory, sent one chunk after the other. */
export function bytesAnswer(contentType: string): AnswerForm<readonly Uint8Array[]> {
  return {
    description: { kind: 'bytes', contentType },
    answer: (chunks) => ({ kind: 'bytes', contentType, chunks }),
  };
}

/** Bytes without an end, until the client leaves. */
export function streamAnswer(contentType: string): AnswerForm<OpenStream> {
  return {
    description: { kind: 'stream', contentType },
    answer: (open) => ({ kind: 'stream', contentType, open }),
  };
}
