import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * An ONVIF camera scripted answer by answer, for what a well-behaved simulated camera never does. Answers are written after
 * the ONVIF specifications' examples; `{host}` in them is the camera's `ADDRESS:PORT`.
 */
export interface ScriptedCameraOptions {
  readonly address: string;
  readonly authentication: 'none' | 'digest-md5' | 'digest-sha256' | 'username-token';
  readonly credentials?: { readonly username: string; readonly password: string };
  /** By operation, such as `GetProfiles`: replaces the usual content of the SOAP body. */
  readonly answers?: Readonly<Record<string, string>>;
  /** Answers every request with these bytes instead of HTTP. */
  readonly rawAnswer?: string;
  /** Camera's clock minus ours. */
  readonly clockOffsetMs?: number;
}

const soapFault =
  '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>' +
  '<s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault>';

const usualAnswers: Readonly<Record<string, string>> = {
  GetDeviceInformation:
    '<tds:GetDeviceInformationResponse><tds:Manufacturer>Norvik &amp; Sons</tds:Manufacturer><tds:Model>NV-1</tds:Model>' +
    '<tds:FirmwareVersion>1.2</tds:FirmwareVersion><tds:SerialNumber>S-77</tds:SerialNumber><tds:HardwareId>h</tds:HardwareId>' +
    '</tds:GetDeviceInformationResponse>',
  GetServices:
    '<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>' +
    '<tds:XAddr>http://{host}/onvif/media</tds:XAddr></tds:Service></tds:GetServicesResponse>',
  GetProfiles:
    '<trt:GetProfilesResponse><trt:Profiles token="main" fixed="true"><tt:Name>Main</tt:Name>' +
    '<tt:VideoEncoderConfiguration token="v0"><tt:Name>v</tt:Name><tt:Encoding>H264</tt:Encoding>' +
    '<tt:Resolution><tt:Width>1280</tt:Width><tt:Height>720</tt:Height></tt:Resolution>' +
    '<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>' +
    '</tt:VideoEncoderConfiguration></trt:Profiles></trt:GetProfilesResponse>',
  GetStreamUri:
    '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://user:secret@{address}:554/main?a=1&amp;b=2</tt:Uri>' +
    '</trt:MediaUri></trt:GetStreamUriResponse>',
  GetSnapshotUri:
    '<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://{host}/snapshot.jpg</tt:Uri></trt:MediaUri>' +
    '</trt:GetSnapshotUriResponse>',
};

export const snapshotJpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9]);

export class ScriptedCamera implements AsyncDisposable {
  readonly requests: {
    readonly operation: string;
    readonly authorization: string | undefined;
    readonly body: string;
  }[] = [];
  readonly #options: ScriptedCameraOptions;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #port = 0;

  constructor(options: ScriptedCameraOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      void this.#respond(request, response);
    });
    const { rawAnswer } = options;
    if (rawAnswer !== undefined) {
      this.#server.removeAllListeners('request');
      this.#server.on('connection', (socket) => socket.on('error', () => {}).end(rawAnswer));
    }
  }

  static async start(options: ScriptedCameraOptions): Promise<ScriptedCamera> {
    const camera = new ScriptedCamera(options);
    camera.#server.listen(0, options.address);
    await once(camera.#server, 'listening');
    const bound = camera.#server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no address');
    camera.#port = bound.port;
    return camera;
  }

  get serviceUrl(): string {
    return `http://${this.#options.address}:${this.#port}/onvif/device_service`;
  }

  /** Joins the group on loopback and answers every probe with this datagram; `{XADDR}` is the service URL. */
  async answerProbes(endpointReference: string, scopes: string): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#sockets.push(socket);
    socket.bind({ port: 3702, exclusive: false });
    await once(socket, 'listening');
    socket.addMembership('239.255.255.250', '127.0.0.1');
    const reply = createSocket('udp4');
    this.#sockets.push(reply);
    reply.bind({ address: this.#options.address, port: 0 });
    await once(reply, 'listening');
    socket.on('message', (message, from) => {
      if (!message.includes('NetworkVideoTransmitter')) return;
      reply.send(
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><d:ProbeMatches xmlns:d="d"><d:ProbeMatch>' +
          `<a:EndpointReference xmlns:a="a"><a:Address>${endpointReference}</a:Address></a:EndpointReference>` +
          `<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>${scopes}</d:Scopes>` +
          `<d:XAddrs>http://203.0.113.9/onvif/device_service ${this.serviceUrl}</d:XAddrs>` +
          '</d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>',
        from.port,
        from.address,
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.#answer(request);
    response.writeHead(status, headers).end(body);
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ status: number; headers?: Record<string, string>; body: string | Buffer }> {
    const body = await text(request);
    const operation = request.method === 'GET' ? 'snapshot' : (/<(?:tds|trt):(Get\w+)/.exec(body)?.[1] ?? '');
    this.requests.push({ operation, authorization: request.headers.authorization, body });
    const isOpen = operation === 'GetSystemDateAndTime';
    const { authentication } = this.#options;
    if (authentication.startsWith('digest') && !isOpen && !this.#isDigestRight(request)) {
      const algorithm = authentication === 'digest-md5' ? 'MD5' : 'SHA-256';
      const challenge = `Digest realm="cam", qop="auth", nonce="n1", algorithm=${algorithm}`;
      return { status: 401, headers: { 'www-authenticate': challenge }, body: '' };
    }
    if (
      authentication === 'username-token' &&
      operation !== 'snapshot' &&
      !isOpen &&
      !this.#isTokenRight(body)
    ) {
      return { status: 400, body: envelope(soapFault) };
    }
    if (operation === 'snapshot') return { status: 200, body: snapshotJpeg };
    if (isOpen && !this.#options.answers?.[operation])
      return { status: 200, body: envelope(this.#dateAndTime()) };
    const { address } = this.#options;
    const content = this.#options.answers?.[operation] ?? usualAnswers[operation] ?? '';
    const filled = content.replaceAll('{host}', `${address}:${this.#port}`).replaceAll('{address}', address);
    return { status: 200, body: filled.startsWith('RAW:') ? filled.slice(4) : envelope(filled) };
  }

  #dateAndTime(): string {
    const now = new Date(Date.now() + (this.#options.clockOffsetMs ?? 0));
    return (
      '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:UTCDateTime>' +
      `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute>` +
      `<tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year>` +
      `<tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date></tt:UTCDateTime>` +
      '</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>'
    );
  }

  #isDigestRight(request: IncomingMessage): boolean {
    const { username = '', password = '' } = this.#options.credentials ?? {};
    const header = request.headers.authorization ?? '';
    const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(header)?.[1] ?? '';
    const algorithm = this.#options.authentication === 'digest-md5' ? 'md5' : 'sha256';
    const hash = (value: string): string => createHash(algorithm).update(value).digest('hex');
    const expected = hash(
      `${hash(`${username}:cam:${password}`)}:n1:${field('nc')}:${field('cnonce')}:auth:` +
        hash(`${request.method}:${request.url}`),
    );
    return field('username') === username && field('response') === expected;
  }

  /** Like real cameras, refuses tokens more than a minute off its own clock. */
  #isTokenRight(body: string): boolean {
    const { username = '', password = '' } = this.#options.credentials ?? {};
    const field = (name: string): string => new RegExp(`:${name}(?: [^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '';
    const created = field('Created');
    const expected = createHash('sha1')
      .update(Buffer.from(field('Nonce'), 'base64'))
      .update(created)
      .update(password)
      .digest('base64');
    const ageMs = Date.now() + (this.#options.clockOffsetMs ?? 0) - Date.parse(created);
    return field('Username') === username && field('Password') === expected && Math.abs(ageMs) < 60_000;
  }
}

function envelope(content: string): string {
  return (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:ter="http://www.onvif.org/ver10/error"' +
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"' +
    ` xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>${content}</s:Body></s:Envelope>`
  );
}
