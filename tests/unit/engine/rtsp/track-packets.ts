/** Runs packets of one track through a depacketizer. */
import type { RtpPacket } from '../../../../src/engine/rtsp/rtp.ts';
import type { TrackDepacketizerEvents } from '../../../../src/engine/rtsp/track-unit.ts';

export interface Step {
  readonly time: number;
  readonly payload: Buffer;
  readonly marker?: boolean;
  readonly lostBefore?: number;
}

/** The packet as it lies in a receive buffer, with other bytes around it. */
export function packetOf({ time, payload, marker = true, lostBefore = 0 }: Step): RtpPacket {
  return {
    bytes: Buffer.concat([Buffer.alloc(3, 0xff), payload, Buffer.alloc(3, 0xff)]),
    start: 3,
    end: 3 + payload.length,
    marker,
    timestamp: time,
    lostBefore,
    arrivalMonotonicMs: 0,
  };
}

/** What came out: time and content in hexadecimal digits, or how many units were damaged. */
export type Outcome = { readonly time: number; readonly data: string } | { readonly damage: number };

export function collectUnits(): {
  readonly outcomes: readonly Outcome[];
  readonly events: TrackDepacketizerEvents;
} {
  const outcomes: Outcome[] = [];
  return {
    outcomes,
    events: {
      onUnit: ({ data, timestamp }) =>
        outcomes.push({ time: timestamp, data: Buffer.from(data).toString('hex') }),
      onDamage: (damage) => outcomes.push({ damage }),
    },
  };
}
