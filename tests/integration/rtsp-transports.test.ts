/** The RTSP client against simulated cameras over real sockets: UDP, a bad network, TLS. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { loadClip } from '../../src/sim/clip/clip.ts';
import { clipFormat, scenes } from '../../src/sim/clip/scenes.ts';
import { fingerprint, RtspPlayer } from './rtsp-player.ts';
import { newCameraTls } from './camera-tls.ts';
import { decode, hasFfmpeg, startCamera, withCredentials } from './sim-camera-fixture.ts';

const [scene] = scenes;
if (scene === undefined) throw new Error('There are no scenes.');
const { accessUnits, framesPerGroup } = (await loadClip(scene)).streams.main;
const FRAME_NUMBERS = new Map(accessUnits.map((unit, index) => [fingerprint(unit.nalUnits), index]));

/** The clip's frame numbers of what a player has shown; NaN for a picture that the camera never sent. */
function frameNumbers(player: RtspPlayer): readonly number[] {
  return player.pictures.map((picture) => FRAME_NUMBERS.get(picture) ?? Number.NaN);
}

function countUp(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => (from + index) % accessUnits.length);
}

const openUdpSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;

/** The first frame number that was sent to viewers. */
function firstSent(camera: SimCamera): number {
  return camera.sentFrames.frames('main')[0]?.frameNumber ?? Number.NaN;
}

describe('UDP', () => {
  it('brings every frame bit for bit to an even port, with reports both ways, and leaves no socket', async () => {
    await using started = await startCamera();
    const { camera } = started;
    const socketsBefore = openUdpSockets();
    const player = new RtspPlayer(camera.info.mainUrl, { transport: 'udp' });
    await player.play();
    await player.until(() => player.pictures.length >= 90);
    expect(frameNumbers(player).slice(0, 90)).toEqual(countUp(firstSent(camera), 90));
    expect(firstSent(camera) % framesPerGroup).toBe(0);
    expect(player.ports.map(({ rtpPort, foreignDatagrams }) => [rtpPort % 2, foreignDatagrams])).toEqual([
      [0, 0],
    ]);
    const { counters } = player.receiver ?? {};
    expect(counters).toEqual({
      packets: expect.any(Number),
      lost: 0,
      ignored: 0,
      late: 0,
      doubled: 0,
      reordered: 0,
      sourceChanges: 0,
    });
    // The empty one before PLAY, and the first after 5 s, which answers the camera's.
    const { reports } = camera.reception;
    expect(reports.map(({ ssrc }) => ssrc === undefined).slice(0, 2)).toEqual([true, false]);
    expect(reports[1]).toMatchObject({ fractionLost: 0, cumulativeLost: 0 });
    expect(reports[1]?.lastSenderReport).toBeGreaterThan(0);
    const [senderReport] = player.senderReports;
    const sent = camera.sentFrames.frames('main')[0];
    expect(Math.abs((senderReport?.ntpUtcMs ?? 0) - (sent?.utcMs ?? 0))).toBeLessThan(100);
    await player[Symbol.asyncDispose]();
    await expect.poll(openUdpSockets).toBe(socketsBefore);
    expect(player.ended).toEqual([]);
  });

  it('is taken from a camera that sends over nothing else', async () => {
    await using started = await startCamera({ rtspAccess: { transports: ['udp'] } });
    await using player = new RtspPlayer(started.camera.info.mainUrl);
    await player.play();
    await player.until(() => player.pictures.length >= 5);
    expect([player.session.transport, frameNumbers(player).slice(0, 5)]).toEqual([
      'udp',
      countUp(firstSent(started.camera), 5),
    ]);
  });

  it('is refused to those who chose TCP, and TCP to those who chose UDP', async () => {
    await using udpOnly = await startCamera({ rtspAccess: { transports: ['udp'] } });
    await using overTcp = new RtspPlayer(udpOnly.camera.info.mainUrl, { transport: 'tcp' });
    await expect(overTcp.play()).rejects.toMatchObject({ kind: 'unsupported' });
    await using tcpOnly = await startCamera({ address: '127.21.0.2', rtspAccess: { transports: ['tcp'] } });
    await using overUdp = new RtspPlayer(tcpOnly.camera.info.mainUrl, { transport: 'udp' });
    await expect(overUdp.play()).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('through a network that delays and doubles packets loses nothing', async () => {
    const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? randomInt(2 ** 31));
    const network = { seed, delay: 0.05, duplication: 0.05 };
    await using started = await startCamera({ rtspAccess: { network } });
    const { camera } = started;
    await using player = new RtspPlayer(camera.info.mainUrl, { transport: 'udp' });
    await player.play();
    const { counters } = player.receiver ?? {};
    const isTried = (): boolean => (counters?.doubled ?? 0) > 0 && (counters?.reordered ?? 0) > 0;
    await player.until(() => player.pictures.length >= 60 && isTried());
    const { network: carried } = camera.reception;
    expect({ seed, frames: frameNumbers(player).slice(0, 60) }).toEqual({
      seed,
      frames: countUp(firstSent(camera), 60),
    });
    expect({ seed, lost: counters?.lost }).toEqual({ seed, lost: 0 });
    expect(counters?.doubled).toBeLessThanOrEqual(carried.doubled);
  });

  it('through a network that loses packets shows whole pictures only, and counts what was lost', async () => {
    const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? randomInt(2 ** 31));
    await using started = await startCamera({ rtspAccess: { network: { seed, loss: 0.03, delay: 0.02 } } });
    const { camera } = started;
    await using player = new RtspPlayer(camera.info.mainUrl, { transport: 'udp' });
    await player.play();
    // Which packets are lost is chance: whoever waits for a number of pictures may have lost none.
    const hasLost = (): boolean => (player.receiver?.counters.lost ?? 0) > 0;
    const hasReportedLoss = (): boolean => (camera.reception.reports.at(-1)?.cumulativeLost ?? 0) > 0;
    await player.until(() => player.pictures.length >= 60 && hasLost() && hasReportedLoss());
    const numbers = frameNumbers(player);
    expect({ seed, unknown: numbers.filter((number) => Number.isNaN(number)) }).toEqual({
      seed,
      unknown: [],
    });
    const steps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
    expect({ seed, isForward: steps.every((step) => step > 0) }).toEqual({ seed, isForward: true });
    const report = camera.reception.reports.at(-1);
    const { lost, offered } = camera.reception.network;
    // The player may not have seen the newest packets yet, nor those lost before its first.
    expect(player.receiver?.counters.lost).toBeLessThanOrEqual(lost);
    expect(report?.cumulativeLost).toBeLessThanOrEqual(lost);
    expect(offered).toBeGreaterThan(lost);
  });

  it('takes packets from the camera alone', async () => {
    await using started = await startCamera();
    await using player = new RtspPlayer(started.camera.info.mainUrl, { transport: 'udp' });
    await player.play();
    await player.until(() => player.pictures.length >= 1);
    const stranger = createSocket('udp4');
    stranger.bind(0, '127.21.0.99');
    await once(stranger, 'listening');
    const [ports] = player.ports;
    const counters = player.receiver?.counters;
    const before = counters?.ignored;
    const noise = Buffer.alloc(200, 0x80);
    await new Promise((resolve) => {
      stranger.send(noise, ports?.rtpPort ?? 0, '127.0.0.1', resolve);
    });
    stranger.close();
    const shown = player.pictures.length;
    await player.until(() => player.pictures.length >= shown + 2);
    expect([ports?.foreignDatagrams, counters?.ignored]).toEqual([1, before]);
    expect(player.log.text).toContain('127.21.0.99');
  });
});

const withFfmpeg = await hasFfmpeg();
describe.skipIf(!withFfmpeg)(`ffmpeg${withFfmpeg ? '' : ' (skipped: apt-get install ffmpeg)'}`, () => {
  it('gets over UDP from the simulated camera what it sends', async () => {
    await using started = await startCamera();
    const input = ['-rtsp_transport', 'udp', '-i', withCredentials(started.camera.info.subUrl)];
    const { barcodes } = await decode(input, clipFormat.sub, 30);
    const sent = started.camera.sentFrames.frames('sub').map(({ frameNumber }) => frameNumber);
    expect(barcodes).toEqual(sent.slice(0, 30));
  });
});

describe('TLS', () => {
  it('brings the pictures, tells the key once, and is held to it afterwards', async () => {
    const tls = newCameraTls();
    await using started = await startCamera({ rtspAccess: { tls } });
    const { mainUrl } = started.camera.info;
    expect(mainUrl).toMatch(/^rtsps:/);
    const seen: string[] = [];
    const onKeySeen = (key: string): void => {
      seen.push(key);
    };
    await using first = new RtspPlayer(mainUrl, { onKeySeen });
    await first.play();
    await first.until(() => first.pictures.length >= 5);
    expect(frameNumbers(first).slice(0, 5)).toEqual(countUp(firstSent(started.camera), 5));
    expect(seen).toEqual([tls.pin]);
    await using again = new RtspPlayer(mainUrl, { onKeySeen, pinnedKey: tls.pin });
    await again.play();
    await again.until(() => again.pictures.length >= 1);
    expect(seen).toEqual([tls.pin]);

    await using other = new RtspPlayer(mainUrl, { pinnedKey: newCameraTls().pin });
    await expect(other.play()).rejects.toMatchObject({
      kind: 'changed-identity',
      message: expect.stringContaining('shows another key than before'),
    });
  });

  it('and plain RTSP at the wrong port are told apart', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('RTSP/1.0 400 Bad Request\r\n\r\n');
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const address = plain.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await using overTls = new RtspPlayer(`rtsps://127.0.0.1:${port}/main`);
    await expect(overTls.play()).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringContaining('does not speak TLS 1.2 or newer'),
    });
    plain.close();
    await using secure = await startCamera({ address: '127.21.0.2', rtspAccess: { tls: newCameraTls() } });
    await using overTcp = new RtspPlayer(secure.camera.info.mainUrl.replace('rtsps:', 'rtsp:'));
    await expect(overTcp.play()).rejects.toMatchObject({ kind: 'closed-by-camera' });
  });

  it('that is never answered is given up in time', async () => {
    await using silent = await startCamera();
    const url = silent.camera.info.mainUrl.replace('rtsp:', 'rtsps:');
    await using player = new RtspPlayer(url, { connectTimeoutMs: 300 });
    await expect(player.play()).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('did not answer over TLS within 0.3 s.'),
    });
  });
});
