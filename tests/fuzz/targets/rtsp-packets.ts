/** What cameras send: RTP and RTCP packets. */
import { ReorderWindow } from '../../../src/engine/rtsp/reorder-window.ts';
import { formatReceiverReport, readRtcp } from '../../../src/engine/rtsp/rtcp.ts';
import { RtpReceiver } from '../../../src/engine/rtsp/rtp.ts';
import type { RtspCorpus } from '../corpus.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzPart } from '../target.ts';

const DESCRIPTION = Buffer.from('81ca00020000000901026162', 'hex');
const GOODBYE = Buffer.from('81cb000100000009', 'hex');
const VIDEO_PAYLOAD_TYPE = 96;
const SMALL_WINDOW = { packets: 16, waitMs: 50 };

export function rtpParts(corpus: RtspCorpus): readonly FuzzPart[] {
  const senderReport = Buffer.from(corpus.senderReport);
  senderReport.writeUInt32BE(0x5eed, 4);
  const packets = [...corpus.video.slice(0, 40), senderReport];
  return [
    { name: 'rtp', shape: 'packets', corpus: [packets], run: (input) => receive(input, false) },
    { name: 'rtp-udp', shape: 'packets', corpus: [packets], run: (input) => receive(input, true) },
    {
      name: 'rtcp',
      shape: 'packets',
      corpus: [[senderReport, Buffer.concat([senderReport, DESCRIPTION, GOODBYE]), GOODBYE]],
      run: readControl,
    },
    { name: 'reorder', shape: 'packets', corpus: [packets], run: reorder },
  ];
}

/** Packets that are no RTP by their payload type are tried as RTCP too, as if they came on the other channel. */
function receive(input: FuzzInput, isReordering: boolean): number {
  let delivered = 0;
  const receiver = new RtpReceiver({
    payloadType: VIDEO_PAYLOAD_TYPE,
    onPacket: ({ bytes, start, end, timestamp, lostBefore }) => {
      delivered += 1;
      promise(start >= 12 && start <= end && end <= bytes.length, 'A payload lies outside of its packet.');
      promise(Number.isSafeInteger(timestamp), 'A timestamp is no number.');
      promise(lostBefore >= 0 && lostBefore < 0x8000, 'A loss is none.');
    },
    onSenderReport: ({ ntpUtcMs, rtpTimestamp }) => {
      promise(Number.isFinite(ntpUtcMs) && Number.isSafeInteger(rtpTimestamp), 'A sender report is none.');
    },
  });
  if (isReordering) receiver.useReordering(SMALL_WINDOW);
  for (const [index, packet] of input.entries()) {
    const range = { start: 0, end: packet.length };
    receiver.receive(packet, range, index);
    receiver.receiveControl(packet, range, index);
    reportOn(receiver, index);
  }
  receiver.flushDue(Number.POSITIVE_INFINITY);
  const { packets, lost, late, doubled, reordered } = receiver.counters;
  promise(packets === delivered, 'The counters miss packets.');
  promise(packets + late + doubled <= input.length && reordered <= input.length, 'A packet counts twice.');
  promise(Number.isSafeInteger(lost) && lost >= 0, 'The loss is no number.');
  return delivered;
}

function reportOn(receiver: RtpReceiver, nowMonotonicMs: number): void {
  const reception = receiver.receptionReport(nowMonotonicMs);
  const bytes = formatReceiverReport({
    ownSource: 1,
    cname: 'x',
    reports: reception === undefined ? [] : [reception],
  });
  promise(
    readRtcp(bytes, { start: 0, end: bytes.length }, { onSenderReport: unexpected }) === 2,
    'A report is none.',
  );
}

function unexpected(): void {
  promise(false, 'A receiver report holds a sender report.');
}

function readControl(input: FuzzInput): number {
  let found = 0;
  for (const packet of input) {
    let reports = 0;
    const count = readRtcp(
      packet,
      { start: 0, end: packet.length },
      {
        onSenderReport: ({ ntpUtcMs = 0, rtpTimestamp32 }) => {
          reports += 1;
          promise(Number.isFinite(ntpUtcMs) && rtpTimestamp32 < 2 ** 32, 'A sender report is none.');
        },
      },
    );
    promise(reports <= count && count <= packet.length / 4, 'There are more packets than bytes for them.');
    found += count;
  }
  return found;
}

/** Any numbers at any time: none is passed on twice or out of order within one sequence, and no more is held than allowed. */
function reorder(input: FuzzInput): number {
  let passed = 0;
  const window = new ReorderWindow(SMALL_WINDOW, () => {
    passed += 1;
  });
  for (const [index, packet] of input.entries()) {
    window.push(packet.length < 4 ? index : packet.readUInt16BE(2), packet, index);
    promise(window.heldCount < SMALL_WINDOW.packets, 'The window holds more than it may.');
  }
  window.flush();
  promise(passed <= input.length && window.heldCount === 0, 'A packet came out twice, or never.');
  return passed;
}
