import { describe, expect, it } from 'vitest';

import { LossyNetwork, type NetworkFaults } from '../../../../src/sim/rtsp/lossy-network.ts';
import { parseReceiverReport } from '../../../../src/sim/rtsp/receiver-report.ts';

function carry(faults: NetworkFaults | undefined, count: number) {
  const network = new LossyNetwork(faults);
  const arrived: number[] = [];
  const send = (packet: Buffer): void => {
    arrived.push(packet.readUInt16BE());
  };
  for (let number = 0; number < count; number += 1) {
    const packet = Buffer.alloc(2);
    packet.writeUInt16BE(number);
    network.carry(packet, send);
  }
  network.settle(send);
  return { arrived, counters: network.counters };
}

describe('LossyNetwork', () => {
  it('carries everything in order without faults', () => {
    const { arrived, counters } = carry(undefined, 100);
    expect(arrived).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(counters).toEqual({ offered: 100, lost: 0, doubled: 0, delayed: 0 });
  });

  it('loses, doubles and delays as often as it is told, and counts it', () => {
    const { arrived, counters } = carry({ seed: 7, loss: 0.1, duplication: 0.05, delay: 0.1 }, 10_000);
    expect(arrived).toHaveLength(10_000 - counters.lost + counters.doubled);
    expect(new Set(arrived).size).toBe(10_000 - counters.lost);
    for (const [count, share] of [
      [counters.lost, 0.1],
      [counters.doubled, 0.04],
      [counters.delayed, 0.09],
    ] as const) {
      expect(Math.abs(count / 10_000 - share)).toBeLessThan(0.01);
    }
    const delays = arrived.map(
      (number, index) => Math.max(0, ...arrived.slice(Math.max(0, index - 20), index)) - number,
    );
    expect(Math.max(...delays)).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeLessThan(16);
  });

  it('does the same again with the same seed', () => {
    const faults = { seed: 3, loss: 0.2, delay: 0.2 };
    expect(carry(faults, 500)).toEqual(carry(faults, 500));
    expect(carry(faults, 500)).not.toEqual(carry({ ...faults, seed: 4 }, 500));
  });
});

describe('parseReceiverReport', () => {
  it('reads the first block', () => {
    const packet = Buffer.from('81c90007000000010000000a40fffffe0001fffe00000011deadbeef00010000', 'hex');
    expect(parseReceiverReport(packet)).toEqual({
      ssrc: 10,
      fractionLost: 64,
      cumulativeLost: -2,
      highestSequence: 0x1_fffe,
      jitter: 17,
      lastSenderReport: 0xdeadbeef,
      delaySinceSenderReport: 65_536,
    });
  });

  it('reads an empty report', () => {
    expect(parseReceiverReport(Buffer.from('80c9000100000001', 'hex'))).toMatchObject({ ssrc: undefined });
  });

  it.each([
    ['a block cut off', '81c9000700000001'],
    ['a sender report', '80c8000100000001'],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(parseReceiverReport(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
