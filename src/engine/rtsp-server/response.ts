/** RFC 2326 §7.1.1 and §11. */
const reasons = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  459: 'Aggregate Operation Not Allowed',
  461: 'Unsupported Transport',
  503: 'Service Unavailable',
  551: 'Option not supported',
} as const;

export interface PlayerResponse {
  readonly status: keyof typeof reasons;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: { readonly contentType: string; readonly text: string };
}

/** @param sequence the request's `CSeq`, where it had one */
export function formatResponse({ status, headers = [], body }: PlayerResponse, sequence?: string): string {
  const fields = [
    ...(sequence === undefined ? [] : [['CSeq', sequence] as const]),
    ['Server', 'Belvedere'] as const,
    ...headers,
    ...(body === undefined
      ? []
      : [
          ['Content-Type', body.contentType] as const,
          ['Content-Length', String(Buffer.byteLength(body.text))] as const,
        ]),
  ];
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `RTSP/1.0 ${status} ${reasons[status]}\r\n${lines}\r\n${body?.text ?? ''}`;
}
