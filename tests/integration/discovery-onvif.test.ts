import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/shared/contract/index.ts';
import { DeskError } from '../../src/main/failure.ts';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { createCameraInterviewer } from '../../src/main/platform/onvif/camera-client.ts';
import { ScriptedCamera, snapshotJpeg, type ScriptedCameraOptions } from './onvif-camera-fixture.ts';

const credentials = { username: 'ad"min', password: 'pä%ss "word"' };
const interviewer = createCameraInterviewer(systemClock);
const never = new AbortController().signal;
const address = '127.0.31.1';

const described = {
  manufacturer: 'Norvik & Sons',
  model: 'NV-1',
  firmware: '1.2',
  serialNumber: 'S-77',
  profiles: [
    {
      token: 'main',
      name: 'Main',
      encoding: 'H264',
      width: 1280,
      height: 720,
      framesPerSecond: 25,
      bitrateKbps: 4096,
      streamUri: `rtsp://${address}:554/main?a=1&b=2`,
    },
  ],
  thumbnail: snapshotJpeg,
};

async function failureOf(
  options: Partial<ScriptedCameraOptions>,
  given?: { username: string; password: string },
): Promise<Failure> {
  await using camera = await ScriptedCamera.start({ address, authentication: 'none', ...options });
  try {
    await interviewer.describe({ label: 'Yard', serviceUrl: camera.serviceUrl, credentials: given }, never);
  } catch (error) {
    if (error instanceof DeskError) return error.failure;
    throw error;
  }
  throw new Error('the camera was described');
}

describe('asking a camera over ONVIF', () => {
  it.each(['none', 'digest-md5', 'digest-sha256', 'username-token'] as const)(
    'reads everything with authentication %s, also from a camera whose clock is a day off',
    async (authentication) => {
      await using camera = await ScriptedCamera.start({
        address,
        authentication,
        credentials: { username: 'admin', password: 'päss%word' },
        clockOffsetMs: -86_400_000,
      });
      const target = {
        label: 'Yard',
        serviceUrl: camera.serviceUrl,
        credentials: { username: 'admin', password: 'päss%word' },
      };
      expect(await interviewer.describe(target, never)).toEqual(described);
      expect(JSON.stringify(camera.requests)).not.toContain('päss%word');
    },
  );

  it('asks an older camera, which knows no GetServices, for its capabilities', async () => {
    await using camera = await ScriptedCamera.start({
      address,
      authentication: 'none',
      answers: {
        GetServices:
          '<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>ter:ActionNotSupported</s:Value></s:Subcode></s:Code>' +
          '<s:Reason><s:Text xml:lang="en">Optional Action Not Implemented</s:Text></s:Reason></s:Fault>',
        GetCapabilities:
          '<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>http://{host}/onvif/device_service</tt:XAddr></tt:Device>' +
          '<tt:Media><tt:XAddr>http://{host}/onvif/Media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>',
      },
    });
    expect(await interviewer.describe({ label: 'Yard', serviceUrl: camera.serviceUrl }, never)).toEqual(
      described,
    );
  });

  it.each(['digest-md5', 'username-token'] as const)(
    'says that credentials are refused (%s)',
    async (authentication) => {
      const wrong = await failureOf(
        { authentication, credentials },
        { username: 'admin', password: 'wrong' },
      );
      expect(wrong).toEqual({
        code: 'credentials-refused',
        message: 'Camera Yard refuses this user name and password.',
        remedy: expect.any(String),
      });
      expect((await failureOf({ authentication, credentials })).code).toBe('credentials-refused');
    },
  );

  it('tries a wrong password once a request only, since cameras lock out whoever guesses', async () => {
    await using camera = await ScriptedCamera.start({ address, authentication: 'digest-md5', credentials });
    const wrong = { username: 'admin', password: 'wrong' };
    await expect(
      interviewer.describe({ label: 'Yard', serviceUrl: camera.serviceUrl, credentials: wrong }, never),
    ).rejects.toBeInstanceOf(DeskError);
    expect(camera.requests.filter(({ authorization }) => authorization !== undefined)).toHaveLength(1);
  });

  it.each([
    ['bytes that are not HTTP', { rawAnswer: '\u0000\u0001garbage\r\n\r\n' }, 'its answer is not HTTP'],
    [
      'a web page',
      { answers: { GetDeviceInformation: 'RAW:<html><p>Welcome<br></html>' } },
      'the answer is not well-formed XML',
    ],
    [
      'entities',
      { answers: { GetDeviceInformation: 'RAW:<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>' } },
      'the answer has a document type, which SOAP forbids',
    ],
    [
      'nesting without end',
      { answers: { GetDeviceInformation: `RAW:${'<a>'.repeat(500)}${'</a>'.repeat(500)}` } },
      'the answer is not well-formed XML',
    ],
    [
      'an answer of 2 MB',
      { answers: { GetDeviceInformation: `<a>${'x'.repeat(2_000_000)}</a>` } },
      'its answer has more than 1048576 bytes',
    ],
    [
      'missing elements',
      { answers: { GetProfiles: '<trt:Something/>' } },
      'elements that ONVIF demands are missing from its answer',
    ],
    [
      'no video profile',
      { answers: { GetProfiles: '<trt:GetProfilesResponse/>' } },
      'it lists no video profile',
    ],
    [
      'a media service on another host',
      {
        answers: {
          GetServices:
            '<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>' +
            '<tds:XAddr>http://127.0.31.2/onvif/media</tds:XAddr></tds:Service></tds:GetServicesResponse>',
        },
      },
      'its media service is said to be on another host, which is refused',
    ],
    [
      'a stream on another host',
      {
        answers: {
          GetStreamUri:
            '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://127.0.31.2/main</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>',
        },
      },
      'its video stream is said to be on another host, which is refused',
    ],
  ])('says what is wrong when the camera answers %s', async (_what, options, sentence) => {
    expect(await failureOf(options)).toEqual({
      code: 'camera-garbage',
      message: `Camera Yard does not answer as ONVIF demands: ${sentence}.`,
      remedy: 'Check that ONVIF is switched on and that its firmware is current.',
    });
  });

  it('does without a thumbnail when the snapshot is on another host', async () => {
    await using camera = await ScriptedCamera.start({
      address,
      authentication: 'none',
      answers: {
        GetSnapshotUri:
          '<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://127.0.31.2/s.jpg</tt:Uri></trt:MediaUri></trt:GetSnapshotUriResponse>',
      },
    });
    const { thumbnail: _none, ...withoutThumbnail } = described;
    expect(await interviewer.describe({ label: 'Yard', serviceUrl: camera.serviceUrl }, never)).toEqual(
      withoutThumbnail,
    );
  });

  it('says that nobody is there, and that a question was cancelled', async () => {
    const listener = createServer().listen(0, address);
    await once(listener, 'listening');
    const bound = listener.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const target = { label: 'Yard', serviceUrl: `http://${address}:${port}/onvif/device_service` };
    const cancel = new AbortController();
    const asked = interviewer.describe(target, cancel.signal);
    await once(listener, 'connection');
    cancel.abort();
    await expect(asked).rejects.toMatchObject({ failure: { code: 'cancelled' } });
    listener.close();
    await expect(interviewer.describe(target, never)).rejects.toMatchObject({
      failure: {
        code: 'unreachable',
        message: 'Camera Yard cannot be reached: nothing accepts connections there.',
      },
    });
  });
});
