import { z } from 'zod';
import { CameraId } from './camera.ts';
import { QueryInteger } from './recording.ts';
import { InterruptionReason } from './status.ts';

/** Whose fault it is that there is no footage, as far as the engine could tell. */
export const GapReason = z.enum(['camera', 'network', 'node', 'disk', 'planned', 'retention']);
export type GapReason = z.infer<typeof GapReason>;

/** Longer texts of others are cut. */
export const evidenceTextLimit = 500;
const EvidenceText = z.string().max(evidenceTextLimit);

/** What was known when the gap began or was found. */
export const GapEvidence = z.discriminatedUnion('kind', [
  /** The connection ended or could not be made. */
  z.object({
    kind: z.literal('interruption'),
    interruption: InterruptionReason,
    detail: EvidenceText,
  }),
  /** The connection stood, and for a while no picture came. */
  z.object({ kind: z.literal('stall') }),
  /** Pictures came and could not be stored. */
  z.object({
    kind: z.literal('storage'),
    failure: z.enum(['disk-full', 'disk-error']),
    detail: EvidenceText,
    framesDropped: z.int().nonnegative(),
  }),
  /** Somebody wanted it: the camera was reconfigured or its recording switched off, or the engine was stopped. */
  z.object({ kind: z.literal('stopped'), by: z.enum(['configuration', 'shutdown']) }),
  /** The engine ended without stopping: it was killed (same boot), or the node restarted or lost power (another boot). */
  z.object({
    kind: z.literal('ended'),
    former: z.object({ bootId: z.string().max(100) }),
    current: z.object({ bootId: z.string().max(100) }),
    isSameBoot: z.boolean(),
  }),
  /** Footage was deleted by a rule of retention; `rule` is the newest. */
  z.object({ kind: z.literal('deletion'), rule: z.string().max(60) }),
  /** Many old gaps made into one; there may be footage between them. */
  z.object({
    kind: z.literal('merged'),
    gaps: z.int().positive(),
    /** All of them together. */
    totalMs: z.number().nonnegative(),
  }),
]);
export type GapEvidence = z.infer<typeof GapEvidence>;

/** A stretch of time without footage of a camera that should have some. */
export const Gap = z.object({
  id: z.int().positive(),
  cameraId: CameraId,
  startUtcMs: z.number(),
  /** Absent while footage has not returned. */
  endUtcMs: z.number().exactOptional(),
  reason: GapReason,
  evidence: GapEvidence,
});
export type Gap = z.infer<typeof Gap>;

/** Footage of a camera without a gap: one segment after the other. */
export const TimelineSpan = z.object({
  startUtcMs: z.number(),
  endUtcMs: z.number(),
  segments: z.int().positive(),
  byteLength: z.int().nonnegative(),
});
export type TimelineSpan = z.infer<typeof TimelineSpan>;

const maximumSpans = 20_000;
const maximumGaps = 5_000;

/** The query of `enginePaths.timeline`, as it stands in the address: UTC, ms since 1970. */
export const TimelineQuery = z
  .strictObject({
    from: QueryInteger,
    to: QueryInteger,
    /** Segments looked at for one answer; it ends where they do. */
    limit: QueryInteger.pipe(z.int().min(1).max(maximumSpans)).default(maximumSpans),
  })
  .refine(({ from, to }) => from < to, 'from must lie before to');
export type TimelineQuery = z.infer<typeof TimelineQuery>;

export const Timeline = z.object({
  cameraId: CameraId,
  /** What the answer speaks of. Spans and gaps that reach out of it are told whole. */
  fromUtcMs: z.number(),
  toUtcMs: z.number(),
  /** Where the next answer begins, when there is more; a span may go on in it. */
  nextFromUtcMs: z.number().exactOptional(),
  spans: z.array(TimelineSpan).max(maximumSpans),
  /**
   * Ordered by start. A gap that stands for several, and that of retention, is told in pieces with the same id: only where
   * there is no footage.
   */
  gaps: z.array(Gap).max(maximumGaps),
});
export type Timeline = z.infer<typeof Timeline>;

export const maximumLocks = 1_000;

/** `POST` to `enginePaths.locks` (scope admin): footage of a camera that must not be deleted. */
export const LockOrder = z
  .strictObject({
    cameraId: CameraId,
    startUtcMs: z.int().nonnegative(),
    endUtcMs: z.int().nonnegative(),
    /** Why, for those who ask whether it may be unlocked. */
    reason: z.string().trim().min(1).max(500),
    /** Who wants it. */
    lockedBy: z.string().trim().min(1).max(100),
  })
  .refine(({ startUtcMs, endUtcMs }) => startUtcMs < endUtcMs, 'startUtcMs must lie before endUtcMs');
export type LockOrder = z.infer<typeof LockOrder>;

/** Every segment that touches the stretch of time is kept, whatever retention says, until the lock is removed. */
export const FootageLock = z.object({
  id: z.uuid(),
  cameraId: CameraId,
  startUtcMs: z.number(),
  endUtcMs: z.number(),
  reason: z.string(),
  lockedBy: z.string(),
  /** The token that it was ordered with. */
  tokenId: z.string(),
  createdUtcMs: z.number(),
});
export type FootageLock = z.infer<typeof FootageLock>;

/** `GET enginePaths.locks` (scope view). */
export const LockList = z.object({ locks: z.array(FootageLock).max(maximumLocks) });
export type LockList = z.infer<typeof LockList>;

/** The answer to `DELETE` of a lock. */
export const LockRemoval = z.object({ removed: FootageLock });
export type LockRemoval = z.infer<typeof LockRemoval>;
