/** What the engine remembers of cameras' keys, on a real disk, and what it is for. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openKnownCameraKeys } from '../../src/engine/platform/known-camera-keys.ts';
import { engineLayout, makeDirectories } from '../../src/engine/platform/layout.ts';
import type { EngineLayout } from '../../src/engine/platform/layout.ts';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { keyPlace } from '../../src/engine/rtsp/index.ts';
import { newCameraTls } from './camera-tls.ts';
import { WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';

const ONE = `${'A'.repeat(43)}=`;
const TWO = `${'B'.repeat(43)}=`;

function temporaryLayout(): { readonly layout: EngineLayout } & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'belvedere-keys-'));
  const layout = engineLayout(root);
  makeDirectories(layout);
  return { layout, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

it('keys are known again after a restart, and forgotten with their camera', () => {
  using place = temporaryLayout();
  const { layout } = place;
  const log = new MemoryLog();
  const keys = openKnownCameraKeys(layout, log);
  keys.learn('10.0.0.1:322', ONE);
  keys.learn('10.0.0.2:322', TWO);
  const again = openKnownCameraKeys(layout, log);
  expect([again.find('10.0.0.1:322'), again.find('10.0.0.2:322'), again.find('10.0.0.3:322')]).toEqual([
    ONE,
    TWO,
    undefined,
  ]);
  again.retain(new Set(['10.0.0.2:322', '10.0.0.4:322']));
  expect(JSON.parse(readFileSync(layout.cameraKeys, 'utf8'))).toEqual({
    formatVersion: 1,
    keys: { '10.0.0.2:322': TWO },
  });
});

it('a damaged file is told, not overwritten', () => {
  using place = temporaryLayout();
  writeFileSync(place.layout.cameraKeys, '{"formatVersion":1,"keys":{"a:1":"no key"}}');
  expect(() => openKnownCameraKeys(place.layout, new MemoryLog())).toThrow('is damaged and cannot be used');
});

it('a disk that takes no key ends nothing', () => {
  using place = temporaryLayout();
  const log = new MemoryLog();
  const keys = openKnownCameraKeys(place.layout, log);
  const blocked = openKnownCameraKeys({ ...place.layout, cameraKeys: '/proc/belvedere/keys.json' }, log);
  blocked.learn('10.0.0.1:322', ONE);
  expect([blocked.find('10.0.0.1:322'), keys.find('10.0.0.1:322')]).toEqual([ONE, undefined]);
  expect(log.text).toContain('could not be written down');
});

it('a camera that comes back with another key is not played until its former key is forgotten', async () => {
  using place = temporaryLayout();
  const log = new MemoryLog();
  const clock = createSystemClock();
  const knownKeys = openKnownCameraKeys(place.layout, log);
  const [one, two] = [newCameraTls(), newCameraTls()];
  const first = await startCamera({ rtspAccess: { tls: one } });
  const url = first.camera.info.mainUrl;
  const port = Number(new URL(url.replace('rtsps:', 'https:')).port);
  const subscriber = new WaitingSubscriber();
  const ingest = createStreamIngest({
    openSource: rtspSource({
      url,
      credentials,
      knownKeys,
      clock,
      log,
      slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
    }),
    clock,
    log,
    limits: { firstDelayMs: 50, longestDelayMs: 100, firstHopelessDelayMs: 200, longestHopelessDelayMs: 200 },
  });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => ingest.stop());
  ingest.subscribe(subscriber);
  ingest.start();
  await subscriber.until(() => subscriber.video.length > 0);
  expect(knownKeys.find(keyPlace(url) ?? '')).toBe(one.pin);

  await first[Symbol.asyncDispose]();
  cleanup.use(await startCamera({ ports: { http: 0, rtsp: port }, rtspAccess: { tls: two } }));
  await subscriber.until(() => subscriber.interruptions.some(({ kind }) => kind === 'changed-identity'));
  const shown = subscriber.video.length;
  expect(ingest.status().state).toMatchObject({ kind: 'waiting', reason: 'changed-identity' });

  knownKeys.retain(new Set());
  await subscriber.until(() => subscriber.video.length > shown);
  expect(knownKeys.find(keyPlace(url) ?? '')).toBe(two.pin);
});
