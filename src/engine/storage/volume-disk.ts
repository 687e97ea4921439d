import type { VolumeConfig } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { errorCode } from './failure.ts';
import type { VolumeGuard } from './volume-guard.ts';
import {
  newIdentity,
  recogniseVolume,
  type KnownVolumes,
  type Misplacement,
  type Recognition,
  type VolumeMarker,
} from './volume-identity.ts';

export interface VolumeDiskOptions {
  readonly config: Pick<VolumeConfig, 'name' | 'path'>;
  readonly nodeId: string;
  readonly marker: VolumeMarker;
  readonly known: KnownVolumes;
  readonly guard: VolumeGuard;
  readonly clock: Clock;
  readonly log: Log;
}

export type Recognised = Extract<Recognition, { kind: 'recognised' }>;

/** Knows whether the disk at a volume's path is the volume's. Methods reject with the volume's error. */
export class VolumeDisk {
  readonly #options: VolumeDiskOptions;
  #volumeId: string | undefined;

  constructor(options: VolumeDiskOptions) {
    this.#options = options;
  }

  /** Known once the disk was recognised. */
  get volumeId(): string | undefined {
    return this.#volumeId;
  }

  /** A disk that nobody has used yet is made this volume's. */
  async claim(): Promise<Recognised | Misplacement> {
    const { config, nodeId, marker, known, guard, clock, log } = this.#options;
    const recognition = await this.#recognise();
    if (recognition.kind === 'missing' || recognition.kind === 'foreign') return recognition;
    let volumeId: string;
    if (recognition.kind === 'recognised') ({ volumeId } = recognition);
    else {
      const identity = newIdentity(nodeId, clock.utcMs());
      await guard.run(() => marker.write(identity));
      ({ volumeId } = identity);
      log.info({ volume: config.name, path: config.path, volumeId }, 'A disk was made a volume.');
    }
    this.#volumeId = volumeId;
    if (known.find(config.name) !== volumeId) this.#remember(volumeId);
    return { kind: 'recognised', volumeId };
  }

  /** Whether it is still there: a disk that was unmounted a moment ago leaves its mount point, and that is not to be filled. */
  async check(): Promise<Recognised | Misplacement> {
    const recognition = await this.#recognise();
    if (recognition.kind === 'new') throw new Error('A volume is checked before its disk was claimed.');
    return recognition;
  }

  /** What cannot be written down now is tried again at the next look: the disk it would be written to is not this one. */
  #remember(volumeId: string): void {
    const { config, known, log } = this.#options;
    try {
      known.remember(config.name, volumeId);
    } catch (error) {
      log.error(
        { volume: config.name, code: errorCode(error) },
        'Which disk the volume is was not written down.',
      );
    }
  }

  async #recognise(): Promise<Recognition> {
    const { config, nodeId, marker, known, guard } = this.#options;
    const reading = await guard.run(() => marker.read());
    const knownVolumeId = this.#volumeId ?? known.find(config.name);
    return recogniseVolume(reading, { ...config, nodeId, knownVolumeId });
  }
}
