import { connect } from 'node:net';

export interface BannerRequest {
  readonly address: string;
  readonly port: number;
  /** From the connection's start to the end of the line. */
  readonly timeoutMs: number;
}

/** RFC 4253 §4.2: a server may send other lines first, its identification has at most 255 characters. */
const maximumBytes = 4096;
const identification = /^SSH-(?:2\.0|1\.99)-[\x20-\x7e]{1,245}$/;

/**
 * Connects, reads the SSH identification string and hangs up; sends nothing. Undefined when nobody answers, or something
 * that is not SSH.
 */
export function readSshBanner(request: BannerRequest, signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({ host: request.address, port: request.port });
    let received = '';
    const finish = (banner?: string): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(banner);
    };
    const onAbort = (): void => finish();
    const deadline = setTimeout(finish, request.timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setEncoding('latin1');
    socket.on('error', () => finish());
    socket.on('end', () => finish());
    socket.on('data', (chunk) => {
      received += String(chunk);
      const lines = received.split('\n');
      const complete = lines.slice(0, -1).map((line) => line.replace(/\r$/, ''));
      const banner = complete.find((line) => line.startsWith('SSH-'));
      if (banner !== undefined) finish(identification.test(banner) ? banner : undefined);
      else if (received.length > maximumBytes) finish();
    });
  });
}
