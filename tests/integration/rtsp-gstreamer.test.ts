/** The RTSP client over UDP against a server that is not ours: GStreamer's. */
import { expect, it } from 'vitest';
import { gstreamerMissing, startGstreamerServer } from '../support/gstreamer-server.ts';
import { RtspPlayer } from './rtsp-player.ts';

const missing = gstreamerMissing();
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;

const PIPELINE =
  '( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! ' +
  'x264enc speed-preset=ultrafast tune=zerolatency bitrate=800 key-int-max=25 ! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 )';

it.skipIf(missing !== undefined)(`packets over UDP come whole, with sender reports${inWords}`, async () => {
  await using server = await startGstreamerServer(PIPELINE);
  await using player = new RtspPlayer(server.url, { transport: 'udp' });
  await player.play();
  await player.until(() => player.pictures.length >= 50 && player.senderReports.length > 0);
  const { counters } = player.receiver ?? {};
  expect({ counters, ports: player.ports.length, transport: player.session.transport }).toEqual({
    counters: {
      packets: expect.any(Number),
      lost: 0,
      ignored: 0,
      late: 0,
      doubled: 0,
      reordered: 0,
      sourceChanges: 0,
    },
    ports: 1,
    transport: 'udp',
  });
  const [report] = player.senderReports;
  expect(Math.abs((report?.ntpUtcMs ?? 0) - Date.now())).toBeLessThan(60_000);
});
