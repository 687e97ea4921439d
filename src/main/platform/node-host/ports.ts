import type { ExecOptions, ExecResult } from '../ssh/index.ts';

/** Where everything of ours is on a node. Absolute paths. */
export interface NodeLayout {
  /** Holds `releases/`, `current` and `previous`. */
  readonly root: string;
  /** The engine's `--dir`. */
  readonly data: string;
  /** Where uploads arrive; the person's own, so that no upload needs root. */
  readonly incoming: string;
  /** The keys that may sign bundles, pinned when the node was enrolled; for `ssh-keygen -Y verify`. */
  readonly allowedSigners: string;
}

/** Where the engine listens. */
export interface EngineSettings {
  readonly port: number;
  readonly address: string;
}

export type EngineProcess =
  | { readonly kind: 'not-installed' }
  | { readonly kind: 'stopped' }
  /** `release` is the version that the process was started from; none while it restarts. */
  | { readonly kind: 'running'; readonly release: string | undefined };

/**
 * A machine as deploy and failover see it. Every method fails with a `DeskError` that names the node; scripts are constants
 * and get their values as `$1`, `$2`, ...
 */
export interface NodeHost {
  readonly kind: 'systemd' | 'supervised';
  readonly layout: NodeLayout;
  /** Runs a script as the owner of the releases. Any status is a result. */
  run(script: string, parameters: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Runs a command of an installed engine as the user that the engine runs as. Any status is a result. */
  runEngine(release: string, words: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** True when the service is set up exactly so. */
  isInstalled(settings: EngineSettings, signal: AbortSignal): Promise<boolean>;
  /** Sets the service up or brings it up to date; starts nothing. */
  install(settings: EngineSettings, signal: AbortSignal): Promise<void>;
  /** Takes the service away; releases and data stay. */
  uninstall(signal: AbortSignal): Promise<void>;
  /** Starts the engine of `current`, stopping what runs before. */
  restart(signal: AbortSignal): Promise<void>;
  stop(signal: AbortSignal): Promise<void>;
  process(signal: AbortSignal): Promise<EngineProcess>;
  /** The newest lines that the engine wrote, at most 20. */
  recentLog(signal: AbortSignal): Promise<readonly string[]>;
}
