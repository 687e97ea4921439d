/** Players that are not ours, served by a whole engine; what they get is compared with what the camera sent. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startAdministeredEngine } from '../../support/administered-engine.ts';
import { ffmpegMissing, pictureHashes, temporaryDirectory } from '../recording-fixture.ts';
import { freePort, PUSH_KEY, PUSH_NAME, startTool } from './rtmp-fixture.ts';
import type { Tool } from './rtmp-fixture.ts';
import { sceneClip, simulatePublisher } from './simulated.ts';

const account = { username: 'wall', password: 'word of the wall' };

function play(address: string, more: readonly string[]): Tool {
  return startTool('ffmpeg', ['-v', 'error', '-y', '-i', address, ...more]);
}

it.skipIf(ffmpegMissing !== undefined)(
  `ffmpeg and ffprobe play a stream from its newest keyframe on, with an account and not without${ffmpegMissing === undefined ? '' : ` (skipped: ${ffmpegMissing})`}`,
  async () => {
    await using directory = await temporaryDirectory();
    await using engine = await startAdministeredEngine(join(directory.path, 'engine'));
    const port = await freePort();
    const cameras = [
      { id: 'gate', name: 'Gate', main: { push: PUSH_NAME }, streamKey: PUSH_KEY, record: false },
    ];
    await engine.update({ serve: { rtmp: { enabled: true, port }, accounts: [account] }, cameras });
    using camera = simulatePublisher(port, await sceneClip());
    await camera.start();

    const base = `rtmp://127.0.0.1:${port}/live`;
    const query = `?user=${account.username}&password=${encodeURIComponent(account.password)}`;
    const file = join(directory.path, 'played.flv');
    await using player = play(`${base}/gate/main${query}`, ['-t', '4', '-c', 'copy', file]);
    expect(await player.ended()).toEqual({ code: 0, output: '' });
    // What is sent repeats after 20 s: the played pictures are a stretch of it.
    const sent = await pictureHashes([
      join(import.meta.dirname, '../../../resources/clips', 'loading-dock.sub.h264'),
    ]);
    const played = await pictureHashes([file]);
    const begin = sent.indexOf(played[0] ?? '');
    expect(begin % 30).toBe(0);
    expect(played.length).toBeGreaterThan(50);
    expect(played).toEqual([...sent, ...sent].slice(begin, begin + played.length));

    await using probe = startTool('ffprobe', [
      ...'-v error -show_entries stream=codec_name,width -of csv=p=0'.split(' '),
      `${base}/gate-main${query}`,
    ]);
    expect(await probe.ended()).toEqual({ code: 0, output: 'h264,640\naac\n' });

    const refused: string[] = [];
    for (const address of [
      `${base}/gate/main?user=wall&password=wrong`,
      `${base}/gate/main`,
      `${base}/gate/main?user=nobody&password=${encodeURIComponent(account.password)}`,
      `${base}/gate/sub${query}`,
      `${base}/gate${query}`,
    ]) {
      await using intruder = play(address, ['-f', 'null', '-']);
      const { code, output } = await intruder.ended();
      refused.push(`${code}: ${/Server error: (.*)/.exec(output)?.[1]}`);
    }
    expect(refused).toEqual([
      '1: The user or the password is wrong.',
      '1: The user or the password is wrong.',
      '1: The user or the password is wrong.',
      '1: This engine has no sub stream of gate.',
      '1: The address names no stream.',
    ]);

    await using longPlayer = play(`${base}/gate/main${query}`, ['-f', 'null', '-']);
    await engine.until(({ serve }) => serve?.rtmp.playing === 1, 10_000);
    await engine.update({ serve: { rtmp: { enabled: true, port }, accounts: [] } });
    await longPlayer.ended();
    const { serve, cameras: states } = await engine.status();
    expect([serve?.rtmp, states[0]?.main.state.kind]).toEqual([
      expect.objectContaining({ connections: 1, playing: 0, publishing: 1, unauthorized: 3 }),
      'streaming',
    ]);
  },
);
