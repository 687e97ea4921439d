import { spawnSync } from 'node:child_process';
import { z } from 'zod';

const Probe = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string(),
      nb_read_frames: z.coerce.number().optional(),
    }),
  ),
  packets: z.array(z.object({ codec_type: z.string(), pts: z.number(), dts: z.number(), flags: z.string() })),
});

/** Why ffmpeg's tools cannot judge here, in words; undefined when they can. */
export function ffmpegMissing(): string | undefined {
  return spawnSync('ffprobe', ['-version']).status === 0 ? undefined : 'ffmpeg is not installed';
}

/** A recorded file as ffprobe sees it: frames it could decode, and whether decoding times only grow. */
export interface ProbedFile {
  readonly videoFrames: number;
  readonly hasAudio: boolean;
  readonly isMonotonic: boolean;
  readonly startsWithKeyframe: boolean;
  /** What `ffmpeg -v error` said while decoding everything; empty when all is well. */
  readonly decodeErrors: string;
}

/** @throws when ffprobe does not accept the file at all */
export function probeFile(path: string): ProbedFile {
  const { stdout, stderr, status } = spawnSync(
    'ffprobe',
    ['-v', 'error', '-count_frames', '-show_streams', '-show_packets', '-of', 'json', path],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`ffprobe refused ${path}: ${stderr}`);
  const { streams, packets } = Probe.parse(JSON.parse(stdout));
  const video = packets.filter((packet) => packet.codec_type === 'video');
  const decoded = spawnSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 'null', '-'], { encoding: 'utf8' });
  return {
    videoFrames: streams.find((stream) => stream.codec_type === 'video')?.nb_read_frames ?? 0,
    hasAudio: streams.some((stream) => stream.codec_type === 'audio'),
    isMonotonic: video.every(
      (packet, index) => index === 0 || packet.dts > (video[index - 1]?.dts ?? Infinity),
    ),
    startsWithKeyframe: video[0]?.flags.startsWith('K') ?? false,
    decodeErrors: `${stderr}${decoded.stderr}`,
  };
}
