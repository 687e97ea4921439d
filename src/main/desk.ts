import { pipeChannel, type MessageChannelEnd } from './shell/desk-channel.ts';
import { serveShell } from './shell/desk-service.ts';

/** The desk's own process. A shell starts it, tells it its options through a pipe, and ends it by closing the pipe. */
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
// Ctrl-C reaches every process of the terminal; the shell is the one that decides.
process.on('SIGINT', () => undefined);

process.exit(await serveShell(shellChannel(), stopping.signal));

/** What a utility process of Electron has in `process.parentPort`. */
interface ParentPort {
  postMessage(message: object): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

function isParentPort(value: unknown): value is ParentPort {
  return typeof value === 'object' && value !== null && 'postMessage' in value && 'on' in value;
}

/** Electron gives its utility processes a port; plain Node has the standard pipes. */
function shellChannel(): MessageChannelEnd {
  const parentPort: unknown = Reflect.get(process, 'parentPort');
  if (!isParentPort(parentPort)) return pipeChannel(process.stdin, process.stdout);
  return {
    send: (message) => parentPort.postMessage(message),
    onMessage: (listener) => parentPort.on('message', ({ data }) => listener(data)),
    // A utility process dies with Electron's main process, so there is nothing to notice.
    onClose: () => undefined,
  };
}
