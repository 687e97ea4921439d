import type { CameraAccess, Failure } from '../../../shared/contract/index.ts';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import { DeskError } from '../../failure.ts';
import type { CameraInterviewer } from '../../platform/onvif/camera-client.ts';
import type { Log } from '../../platform/ports.ts';
import type { FoundDevices } from './found-devices.ts';

/** Asks found cameras what they are and keeps what they answer with them. */
export class CameraQuestions {
  readonly #found: FoundDevices;
  readonly #interviewer: CameraInterviewer;
  readonly #log: Log;
  readonly #onChange: () => void;
  /** The newest question to each camera. An answer to an older one is dropped. */
  readonly #newest = new Map<string, symbol>();

  constructor(options: {
    readonly found: FoundDevices;
    readonly interviewer: CameraInterviewer;
    readonly log: Log;
    readonly onChange: () => void;
  }) {
    this.#found = options.found;
    this.#interviewer = options.interviewer;
    this.#log = options.log;
    this.#onChange = options.onChange;
  }

  /** Resolves when the camera's access is known; a failure of the camera is part of that. */
  async ask(id: string, credentials: Credentials | undefined, signal: AbortSignal): Promise<void> {
    const found = this.#found.camera(id);
    if (!found || signal.aborted) return;
    const question = Symbol(id);
    this.#newest.set(id, question);
    this.#found.setAccess(id, { kind: 'asking' });
    this.#onChange();
    const { name: label, serviceUrl } = found.camera;
    try {
      const description = await this.#interviewer.describe({ label, serviceUrl, credentials }, signal);
      if (this.#isCurrent(id, question, serviceUrl)) this.#found.describe(id, description, credentials);
    } catch (error) {
      const failure = error instanceof DeskError ? error.failure : this.#ownFault(error, label);
      if (this.#isCurrent(id, question, serviceUrl)) {
        this.#found.setAccess(id, accessAfter(failure, credentials));
      }
    } finally {
      if (this.#newest.get(id) === question) this.#newest.delete(id);
      this.#onChange();
    }
  }

  /** Questions run in the background: a bug must not take the desk down with it. */
  #ownFault(error: unknown, label: string): Failure {
    this.#log.error({ error: String(error), camera: label }, 'Asking a camera broke');
    return { code: 'internal', message: `Asking camera ${label} broke off. The log has the details.` };
  }

  #isCurrent(id: string, question: symbol, serviceUrl: string): boolean {
    return this.#newest.get(id) === question && this.#found.camera(id)?.camera.serviceUrl === serviceUrl;
  }
}

function accessAfter(failure: Failure, credentials: Credentials | undefined): CameraAccess {
  if (failure.code === 'cancelled') return { kind: 'unknown' };
  if (failure.code !== 'credentials-refused') return { kind: 'failed', failure };
  return credentials ? { kind: 'refused', username: credentials.username } : { kind: 'needs-credentials' };
}
