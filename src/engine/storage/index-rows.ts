import { z } from 'zod';
import { CameraId, GapEvidence, GapReason } from '../../shared/engine-api/index.ts';
import type { Gap, TimelineSpan } from '../../shared/engine-api/index.ts';
import type { LastFootage, LockedTotal, SegmentRow, StoredTotal } from './segment-index.ts';

/** What the database holds, as it comes out of it. */

const StoredSegment = z
  .object({
    id: z.int().positive(),
    camera_id: CameraId,
    volume_id: z.string(),
    file_path: z.string(),
    content: z.enum(['main', 'sound', 'metadata']),
    start_utc_ms: z.int(),
    start_monotonic_ms: z.int(),
    boot_id: z.string(),
    clock_offset_ms: z.number().nullable(),
    media_start_90k: z.int(),
    has_audio: z.int(),
    duration_90k: z.int(),
    byte_length: z.int(),
    frame_count: z.int(),
    part_count: z.int(),
    state: z.enum(['writing', 'finished', 'recovered', 'deleting']),
  })
  .transform((row): SegmentRow => ({
    id: row.id,
    cameraId: row.camera_id,
    volumeId: row.volume_id,
    filePath: row.file_path,
    content: row.content,
    startUtcMs: row.start_utc_ms,
    startMonotonicMs: row.start_monotonic_ms,
    bootId: row.boot_id,
    ...(row.clock_offset_ms === null ? {} : { clockOffsetMs: row.clock_offset_ms }),
    mediaStart90k: row.media_start_90k,
    hasAudio: row.has_audio === 1,
    duration90k: row.duration_90k,
    byteLength: row.byte_length,
    frameCount: row.frame_count,
    partCount: row.part_count,
    state: row.state,
  }));
export const StoredSegments = z.array(StoredSegment);

export const StoredTotals = z.array(
  z
    .object({
      volume_id: z.string(),
      camera_id: CameraId,
      byte_length: z.int(),
      segment_count: z.int(),
      oldest_utc_ms: z.int(),
      newest_utc_ms: z.int(),
    })
    .transform((row): StoredTotal => ({
      volumeId: row.volume_id,
      cameraId: row.camera_id,
      byteLength: row.byte_length,
      segmentCount: row.segment_count,
      oldestUtcMs: row.oldest_utc_ms,
      newestUtcMs: row.newest_utc_ms,
    })),
);

export const StoredLockedTotals = z.array(
  z
    .object({ volume_id: z.string(), camera_id: CameraId, byte_length: z.int() })
    .transform((row): LockedTotal => ({
      volumeId: row.volume_id,
      cameraId: row.camera_id,
      byteLength: row.byte_length,
    })),
);

export const StoredEnds = z.array(
  z
    .object({ end_utc_ms: z.number(), boot_id: z.string() })
    .transform((row): LastFootage => ({ endUtcMs: row.end_utc_ms, bootId: row.boot_id })),
);

const StoredGap = z
  .object({
    id: z.int().positive(),
    camera_id: CameraId,
    start_utc_ms: z.int(),
    end_utc_ms: z.int().nullable(),
    reason: GapReason,
    evidence: z.string(),
  })
  .transform((row): Gap => ({
    id: row.id,
    cameraId: row.camera_id,
    startUtcMs: row.start_utc_ms,
    ...(row.end_utc_ms === null ? {} : { endUtcMs: row.end_utc_ms }),
    reason: row.reason,
    evidence: GapEvidence.parse(JSON.parse(row.evidence)),
  }));
export const StoredGaps = z.array(StoredGap);

export const StoredIds = z.array(z.object({ id: z.int() }).transform(({ id }) => id));
export const StoredCounts = z.array(z.object({ count: z.int() }).transform(({ count }) => count));
export const StoredPaths = z.array(z.object({ path: z.string() }).transform(({ path }) => path));

export const StoredSpans = z.array(
  z
    .object({
      start_utc_ms: z.number(),
      end_utc_ms: z.number(),
      segment_count: z.int().positive(),
      byte_length: z.int(),
    })
    .transform((row): TimelineSpan => ({
      startUtcMs: row.start_utc_ms,
      endUtcMs: row.end_utc_ms,
      segments: row.segment_count,
      byteLength: row.byte_length,
    })),
);
