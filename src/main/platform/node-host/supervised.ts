import type { ExecOptions, ExecResult, SshConnection } from '../ssh/index.ts';
import { shellCommand, shellScript } from '../ssh/index.ts';
import type { EngineProcess, EngineSettings, NodeHost, NodeLayout } from './ports.ts';
import { expectSuccess, newestLines } from './shell-results.ts';

export interface SupervisedHostOptions {
  readonly connection: SshConnection;
  readonly nodeName: string;
  /** Everything of ours is in this folder of the person who signs in. */
  readonly root: string;
  /** Text of `resources/node/supervisor.sh`. */
  readonly supervisorScript: string;
}

/** Marks our line in the person's crontab. */
const crontabMark = '# belvedere-engine';
const stopTimeoutS = 15;

/** `is_ours` sets `pid` and is true if the process whose id is in a file is ours: ids are used again. Zombies are not alive. */
const processFunctions = `
is_ours() {
  pid=$(cat "$root/$1.pid" 2>/dev/null) && [ -n "$pid" ] && tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$2"
}
is_alive() {
  kill -0 "$1" 2>/dev/null && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null
}
`;

const scripts = {
  isInstalled: `
    cd "$1" 2>/dev/null || exit 1
    [ "$(cat settings 2>/dev/null)" = "$2" ] || exit 1
    sum=$(sha256sum <supervisor.sh) && [ "\${sum%% *}" = "$(printf %s "$3" | sha256sum | cut -d ' ' -f 1)" ] || exit 1
    ! command -v crontab >/dev/null 2>&1 || crontab -l 2>/dev/null | grep -qF "$4"
  `,
  install: `
    set -eu
    umask 077
    mkdir -p "$1/releases" "$1/incoming" "$1/data"
    cd "$1"
    # Through cat: what a shell's own printf says of a full disk is not the reason.
    printf '%s\\n' "$2" | cat >settings.new
    mv settings.new settings
    printf %s "$3" | cat >supervisor.sh.new
    mv supervisor.sh.new supervisor.sh
    if command -v crontab >/dev/null 2>&1; then
      # A percent sign would be a line break to cron.
      folder=$(printf %s "$1" | sed 's/%/\\\\%/g')
      {
        crontab -l 2>/dev/null | grep -vF "$4" || :
        printf '@reboot setsid sh "%s/supervisor.sh" </dev/null >/dev/null 2>&1 %s\\n' "$folder" "$4"
      } | crontab -
    fi
  `,
  uninstall: `
    cd "$1" 2>/dev/null || exit 0
    rm -f settings supervisor.sh
    if command -v crontab >/dev/null 2>&1 && crontab -l 2>/dev/null | grep -qF "$2"; then
      crontab -l | { grep -vF "$2" || :; } | crontab -
    fi
  `,
  start: `
    setsid sh "$1/supervisor.sh" </dev/null >/dev/null 2>&1 &
  `,
  stop: `
    root=$1
    ${processFunctions}
    # The engine's first: a supervisor that was killed leaves it behind.
    if is_ours engine "$root/releases/"; then engine=$pid; else engine=; fi
    if is_ours supervisor "$root/supervisor.sh"; then supervisor=$pid; else supervisor=; fi
    for pid in $supervisor $engine; do kill -TERM "$pid" 2>/dev/null; done
    waited=0
    for pid in $supervisor $engine; do
      while is_alive "$pid"; do
        [ $waited -lt $(($2 * 10)) ] || kill -KILL "$pid"
        sleep 0.1
        waited=$((waited + 1))
        [ $waited -lt $(($2 * 20)) ] || exit 1
      done
    done
    rm -f "$root/supervisor.pid" "$root/engine.pid"
  `,
  process: `
    root=$1
    ${processFunctions}
    if [ ! -f "$root/supervisor.sh" ]; then echo not-installed
    elif ! is_ours supervisor "$root/supervisor.sh"; then echo stopped
    elif is_ours engine "$root/releases/"; then echo running; readlink "/proc/$pid/exe"
    else echo running; fi
  `,
  recentLog: 'tail -n 20 "$1/supervisor.log" 2>/dev/null | cut -c 1-500',
} as const;

/** A machine without systemd, or a simulated one: a folder, a supervising shell script, cron for the boot. */
export class SupervisedHost implements NodeHost {
  readonly kind = 'supervised';
  readonly layout: NodeLayout;
  readonly #options: SupervisedHostOptions;

  constructor(options: SupervisedHostOptions) {
    this.#options = options;
    const { root } = options;
    this.layout = {
      root,
      data: `${root}/data`,
      incoming: `${root}/incoming`,
      allowedSigners: `${root}/allowed_signers`,
    };
  }

  run(script: string, parameters: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    return this.#options.connection.exec(shellScript(script, ...parameters), options);
  }

  runEngine(release: string, words: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    const program = `${this.layout.root}/releases/${release}/bin/belvedere-engine`;
    return this.#options.connection.exec(shellCommand([program, ...words]), options);
  }

  async isInstalled(settings: EngineSettings, signal: AbortSignal): Promise<boolean> {
    const { supervisorScript } = this.#options;
    const parameters = [this.layout.root, settingsText(settings), supervisorScript, crontabMark];
    return (await this.run(scripts.isInstalled, parameters, { signal })).exitCode === 0;
  }

  async install(settings: EngineSettings, signal: AbortSignal): Promise<void> {
    const { supervisorScript } = this.#options;
    const parameters = [this.layout.root, settingsText(settings), supervisorScript, crontabMark];
    await this.#succeed(scripts.install, parameters, { what: 'set up the supervisor', signal });
  }

  async uninstall(signal: AbortSignal): Promise<void> {
    const parameters = [this.layout.root, crontabMark];
    await this.#succeed(scripts.uninstall, parameters, { what: 'take the supervisor away', signal });
  }

  async restart(signal: AbortSignal): Promise<void> {
    await this.stop(signal);
    await this.#succeed(scripts.start, [this.layout.root], { what: 'start the supervisor', signal });
  }

  async stop(signal: AbortSignal): Promise<void> {
    const parameters = [this.layout.root, String(stopTimeoutS)];
    const timeoutMs = (2 * stopTimeoutS + 10) * 1000;
    await this.#succeed(scripts.stop, parameters, { what: 'stop the engine', signal, timeoutMs });
  }

  async process(signal: AbortSignal): Promise<EngineProcess> {
    const output = await this.#succeed(scripts.process, [this.layout.root], {
      what: 'say whether the engine runs',
      signal,
    });
    const [word, executable = ''] = output.trim().split('\n');
    if (word === 'running') return { kind: 'running', release: releaseOf(this.layout, executable) };
    return { kind: word === 'stopped' ? 'stopped' : 'not-installed' };
  }

  async recentLog(signal: AbortSignal): Promise<readonly string[]> {
    const { stdout } = await this.run(scripts.recentLog, [this.layout.root], { signal });
    return newestLines(stdout);
  }

  async #succeed(
    script: string,
    parameters: readonly string[],
    { what, ...options }: ExecOptions & { readonly what: string },
  ): Promise<string> {
    return expectSuccess(await this.run(script, parameters, options), this.#options.nodeName, what);
  }
}

/** The version whose folder a program lies in. */
export function releaseOf(layout: NodeLayout, executable: string): string | undefined {
  const prefix = `${layout.root}/releases/`;
  return executable.startsWith(prefix) ? executable.slice(prefix.length).split('/')[0] : undefined;
}

function settingsText({ port, address }: EngineSettings): string {
  return `${port}\n${address}`;
}
