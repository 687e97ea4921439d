import { z } from 'zod';
import { CameraId } from './camera.ts';
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
