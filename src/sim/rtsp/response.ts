/** RTSP responses (RFC 2326 §7). */

export interface RtspResponse {
  readonly status: RtspStatus;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** Status codes that the cameras use, with their phrases (RFC 2326 §7.1.1). */
const phrases = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  459: 'Aggregate Operation Not Allowed',
  461: 'Unsupported Transport',
} as const;

export type RtspStatus = keyof typeof phrases;

export function formatResponse(response: RtspResponse, sequenceNumber: string | undefined): Buffer {
  const body = Buffer.from(response.body ?? '');
  const head = [
    `RTSP/1.0 ${response.status} ${phrases[response.status]}`,
    ...(sequenceNumber === undefined ? [] : [`CSeq: ${sequenceNumber}`]),
    ...(response.headers ?? []).map(([name, value]) => `${name}: ${value}`),
    ...(body.length > 0 ? [`Content-Length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}
