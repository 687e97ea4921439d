import { RtpReceiver } from '../../../../src/engine/rtsp/index.ts';

const PAYLOAD_TYPE = 96;

/** One track's way through the real receiver, whose 32-bit stamps wrap. */
export class SentTrack {
  readonly clockRate: number;
  readonly #random: () => number;
  readonly #packet = Buffer.alloc(13);
  #receiver: RtpReceiver;
  #source = 0;
  #sequence = 0;
  /** Where stamps start, and the time that they start at. */
  #base = 0;
  #baseMs = 0;
  #rate = 1;
  timestamp = 0;

  constructor(clockRate: number, random: () => number) {
    this.clockRate = clockRate;
    this.#random = random;
    this.#receiver = this.#newReceiver();
  }

  begin(atMs: number, rate: number): void {
    this.#receiver = this.#newReceiver();
    this.reboot(atMs, rate);
  }

  reboot(atMs: number, rate: number): void {
    this.#source = Math.floor(this.#random() * 2 ** 32);
    this.#sequence = Math.floor(this.#random() * 2 ** 16);
    this.leap(atMs, rate);
  }

  leap(atMs: number, rate: number): void {
    this.#base = Math.floor(this.#random() * 2 ** 32);
    this.#baseMs = atMs;
    this.#rate = rate;
  }

  changePace(atMs: number, rate: number): void {
    this.#base = this.stampAt(atMs);
    this.#baseMs = atMs;
    this.#rate = rate;
  }

  stampAt(timeMs: number): number {
    const elapsed = Math.round(((timeMs - this.#baseMs) * this.#rate * this.clockRate) / 1_000);
    return (this.#base + elapsed) % 2 ** 32;
  }

  /** Whether the receiver takes it: a new source is not believed at once. */
  send(timeMs: number, arrivalMs: number): boolean {
    const packet = this.#packet;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    packet[0] = 0x80;
    packet[1] = PAYLOAD_TYPE;
    packet.writeUInt16BE(this.#sequence, 2);
    packet.writeUInt32BE((this.stampAt(timeMs) + 2 ** 32) % 2 ** 32, 4);
    packet.writeUInt32BE(this.#source, 8);
    const before = this.#receiver.counters.packets;
    this.#receiver.receive(packet, { start: 0, end: packet.length }, arrivalMs);
    return this.#receiver.counters.packets > before;
  }

  /** As the receiver would put it on the clock of the packets. */
  unwrapped(timestamp32: number): number {
    const last = ((this.timestamp % 2 ** 32) + 2 ** 32) % 2 ** 32;
    return this.timestamp + ((timestamp32 - last) | 0);
  }

  #newReceiver(): RtpReceiver {
    return new RtpReceiver({
      payloadType: PAYLOAD_TYPE,
      clockRate: this.clockRate,
      onPacket: (packet) => {
        this.timestamp = packet.timestamp;
      },
    });
  }
}
