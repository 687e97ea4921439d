/** What a camera's microphone gives, ready to be packed. */

/** AAC-LC in raw access units, sent in the mode AAC-hbr (RFC 3640) or as LATM (RFC 6416). */
export interface AacTrack {
  readonly codec: 'aac' | 'latm';
  /** Also the RTP clock's. */
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Samples of one channel in an access unit; how far the RTP clock goes with each. */
  readonly samplesPerUnit: number;
  /** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). */
  readonly config: Buffer;
  readonly accessUnits: readonly Buffer[];
}

/** G.711 and Opus: what a packet carries is an access unit. */
export interface PacketSoundTrack {
  readonly codec: 'pcmu' | 'pcma' | 'opus';
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly samplesPerUnit: number;
  readonly accessUnits: readonly Buffer[];
}

export type SoundTrack = AacTrack | PacketSoundTrack;
