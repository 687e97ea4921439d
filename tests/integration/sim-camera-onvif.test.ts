import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { discoveryGroup } from '../../src/sim/onvif/discovery-responder.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';

const passwordType =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';

function securityHeader(password: string): string {
  const nonce = randomBytes(16);
  const created = new Date().toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return `<s:Header><Security><UsernameToken><Username>${credentials.username}</Username><Password Type="${passwordType}">${digest}</Password><Nonce>${nonce.toString('base64')}</Nonce><Created>${created}</Created></UsernameToken></Security></s:Header>`;
}

async function ask(
  url: string,
  operation: string,
  options: { password?: string; headers?: HeadersInit } = {},
) {
  const header = options.password === undefined ? '' : securityHeader(options.password);
  const response = await fetch(url, {
    method: 'POST',
    headers: options.headers ?? {},
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${operation}</s:Body></s:Envelope>`,
  });
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    body: await response.text(),
  };
}

const hash = (text: string): string => createHash('md5').update(text).digest('hex');

/** What RFC 7616 §3.4.1 has a client answer, with qop=auth. */
function digestAnswer(challenge: string | null, method: string, path: string): string {
  const [, realm = '', nonce = ''] = /realm="([^"]+)", nonce="([^"]+)"/.exec(challenge ?? '') ?? [];
  const secret = hash(`${credentials.username}:${realm}:${credentials.password}`);
  const response = hash(`${secret}:${nonce}:00000001:abc:auth:${hash(`${method}:${path}`)}`);
  return `Digest username="${credentials.username}", realm="${realm}", nonce="${nonce}", uri="${path}", qop=auth, nc=00000001, cnonce="abc", response="${response}"`;
}

describe('ONVIF over HTTP', () => {
  it('tells time, services and capabilities to anybody', async () => {
    await using started = await startCamera();
    const { deviceUrl } = started.camera.info;
    const time = await ask(deviceUrl, '<GetSystemDateAndTime/>');
    const capabilities = await ask(deviceUrl, '<GetCapabilities/>');
    expect([time.status, capabilities.status]).toEqual([200, 200]);
    expect(time.body).toContain(`<tt:Year>${new Date().getUTCFullYear()}</tt:Year>`);
    expect(capabilities.body).toContain(`<tt:XAddr>${deviceUrl.replace('device', 'media')}</tt:XAddr>`);
  });

  it('tells everything else to whoever has the password', async () => {
    await using started = await startCamera();
    const { deviceUrl, identity, mainUrl, snapshotUrl } = started.camera.info;
    const mediaUrl = deviceUrl.replace('device', 'media');
    const known = { password: credentials.password };
    const information = await ask(deviceUrl, '<GetDeviceInformation/>', known);
    const scopes = await ask(deviceUrl, '<GetScopes/>', known);
    const profiles = await ask(mediaUrl, '<GetProfiles/>', known);
    const profile = '<ProfileToken>profile_main</ProfileToken>';
    const stream = await ask(mediaUrl, `<GetStreamUri>${profile}</GetStreamUri>`, known);
    const snapshot = await ask(mediaUrl, `<GetSnapshotUri>${profile}</GetSnapshotUri>`, known);
    const answers = [information, scopes, profiles, stream, snapshot];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(information.body).toContain(`<tds:SerialNumber>${identity.serialNumber}</tds:SerialNumber>`);
    expect(scopes.body).toContain('onvif://www.onvif.org/location/yard');
    expect(profiles.body.match(/<tt:Width>\d+<\/tt:Width>/g)).toEqual([
      '<tt:Width>1280</tt:Width>',
      '<tt:Width>640</tt:Width>',
    ]);
    expect(profiles.body.match(/<tt:Encoding>AAC<\/tt:Encoding>/g)).toHaveLength(2);
    expect(stream.body).toContain(`<tt:Uri>${mainUrl}</tt:Uri>`);
    expect(snapshot.body).toContain(`<tt:Uri>${snapshotUrl}</tt:Uri>`);
  });

  it('refuses without credentials, with wrong ones, and accepts HTTP Digest', async () => {
    await using started = await startCamera();
    const { deviceUrl } = started.camera.info;
    const none = await ask(deviceUrl, '<GetScopes/>');
    const wrong = await ask(deviceUrl, '<GetScopes/>', { password: 'wrong' });
    const authorization = digestAnswer(none.challenge, 'POST', new URL(deviceUrl).pathname);
    const digest = await ask(deviceUrl, '<GetScopes/>', { headers: { authorization } });
    expect([none, wrong, digest].map(({ status }) => status)).toEqual([401, 400, 200]);
    expect([none, wrong].every(({ body }) => body.includes('ter:NotAuthorized'))).toBe(true);
    expect([none.challenge?.startsWith('Digest realm='), wrong.challenge]).toEqual([true, null]);
  });

  it('sends the snapshot to whoever has the password', async () => {
    await using started = await startCamera();
    const { snapshotUrl } = started.camera.info;
    const refused = await fetch(snapshotUrl);
    const challenge = refused.headers.get('www-authenticate');
    const authorization = digestAnswer(challenge, 'GET', new URL(snapshotUrl).pathname);
    const accepted = await fetch(snapshotUrl, { headers: { authorization } });
    const picture = Buffer.from(await accepted.arrayBuffer());
    expect([refused.status, accepted.status, accepted.headers.get('content-type')]).toEqual([
      401,
      200,
      'image/jpeg',
    ]);
    expect(picture.toString('hex', 0, 3)).toBe('ffd8ff');
  });

  it.each([
    { what: 'nonsense', body: 'hello', status: 400, code: 'ter:WellFormed' },
    { what: 'an unknown operation', body: '<SystemReboot/>', status: 500, code: 'ter:ActionNotSupported' },
    {
      what: 'an unknown profile',
      body: '<GetStreamUri><ProfileToken>x</ProfileToken></GetStreamUri>',
      status: 400,
      code: 'ter:InvalidArgVal',
    },
  ])('answers $code to $what', async ({ body, status, code }) => {
    await using started = await startCamera();
    const answer = await ask(started.camera.info.deviceUrl, body, { password: credentials.password });
    expect([answer.status, answer.body.includes(code)]).toEqual([status, true]);
  });

  it('refuses a body that is too long, other paths and other methods', async () => {
    await using started = await startCamera();
    const { deviceUrl } = started.camera.info;
    const long = await fetch(deviceUrl, { method: 'POST', body: 'x'.repeat(70_000) }).then(
      ({ status }) => status,
      () => 413,
    );
    const other = await fetch(new URL('/etc/passwd', deviceUrl));
    const got = await fetch(deviceUrl);
    expect([long, other.status, got.status]).toEqual([413, 404, 404]);
  });
});

const probe = `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>uuid:0a1b</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To><w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>`;

/** Collects datagrams; multicast goes out of and comes in on loopback only. */
class Listener implements Disposable {
  readonly messages: { readonly text: string; readonly address: string }[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { address }) => this.messages.push({ text: bytes.toString(), address }));
  }

  static async open(bound: { readonly address: string; readonly port: number }): Promise<Listener> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(bound);
    await once(socket, 'listening');
    if (bound.address === discoveryGroup.address) socket.addMembership(bound.address, '127.0.0.1');
    else socket.setMulticastInterface('127.0.0.1');
    return new Listener(socket);
  }

  multicast(text: string): void {
    this.#socket.send(text, discoveryGroup.port, discoveryGroup.address);
  }

  /** Waits until some message `matches`. */
  async until(matches: (text: string) => boolean): Promise<void> {
    while (!this.messages.some(({ text }) => matches(text))) await once(this.#socket, 'message');
  }

  async untilCount(count: number): Promise<void> {
    while (this.messages.length < count) await once(this.#socket, 'message');
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** Matches a message of that kind; a Hello also by the address in it, which a Bye does not name. */
const about = (action: string, address: string) => (text: string) =>
  text.includes(`/discovery/${action}</a:Action>`) && (action === 'Bye' || text.includes(`//${address}:`));

describe('WS-Discovery', () => {
  it('finds every camera once, each answering from its own address', async () => {
    const cameras = await createSimCameras({
      count: 12,
      seed: 3,
      firstAddress: '127.21.2.1',
      ...credentials,
    });
    await using stack = new AsyncDisposableStack();
    for (const camera of cameras) {
      stack.defer(() => camera.stop());
      await camera.start();
    }
    using listener = await Listener.open({ address: '127.0.0.1', port: 0 });
    listener.multicast(probe);
    await listener.untilCount(12);
    const found = listener.messages
      .map(({ text, address }) => ({
        address,
        endpoint: /<a:Address>urn:uuid:([^<]+)</.exec(text)?.[1],
        url: /<d:XAddrs>([^<]+)</.exec(text)?.[1],
        relatesTo: /<a:RelatesTo>([^<]+)</.exec(text)?.[1],
      }))
      .toSorted((left, right) => left.address.localeCompare(right.address, 'en', { numeric: true }));
    expect(found).toEqual(
      cameras.map(({ info }) => ({
        address: info.address,
        endpoint: info.identity.endpointUuid,
        url: info.deviceUrl,
        relatesTo: 'uuid:0a1b',
      })),
    );
  });

  it('says Hello and Bye, also when the address changes', async () => {
    using listener = await Listener.open(discoveryGroup);
    await using started = await startCamera({ address: '127.21.3.1' });
    await listener.until(about('Hello', '127.21.3.1'));
    await started.camera.faults.changeAddress('127.21.3.2');
    await listener.until(about('Bye', '127.21.3.1'));
    await listener.until(about('Hello', '127.21.3.2'));
    expect(listener.messages.map(({ address }) => address)).toEqual([
      '127.21.3.1',
      '127.21.3.1',
      '127.21.3.2',
    ]);
  });
});
