#!/bin/sh
# Keeps the engine running on a machine without systemd. Started by `setsid`, at boot by cron's @reboot.
# Lies beside `current`; its settings (port, address) are the two lines of `settings`.
set -u
unset CDPATH
root=$(cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
cd "$root" || exit 1
umask 077

# One supervisor a folder: the kernel lets go of the lock when this process dies, however it dies.
exec 9>supervisor.lock
flock -n 9 || exit 0
echo $$ >supervisor.pid

log=supervisor.log
log_limit_bytes=4194304
log_kept_bytes=1048576
shortest_delay_s=1
longest_delay_s=30
good_run_s=60
engine=
janitor=
napper=

say() { printf '%s supervisor: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >>"$log"; }

# Shortens the log in place; the engine goes on appending to the same file.
trim_log() {
  [ "$(wc -c <"$log")" -gt "$log_limit_bytes" ] || return 0
  tail -c "$log_kept_bytes" "$log" >"$log.old" && : >"$log"
}

finish() {
  trap '' TERM INT HUP
  [ -z "$napper" ] || kill "$napper" 2>/dev/null
  [ -z "$janitor" ] || kill "$janitor" 2>/dev/null
  if [ -n "$engine" ]; then
    kill -TERM "$engine" 2>/dev/null
    wait "$engine"
  fi
  say 'stopped'
  rm -f supervisor.pid engine.pid
  exit 0
}
trap finish TERM INT
trap '' HUP

: >>"$log"
(
  exec 9>&-
  trap 'kill "$nap" 2>/dev/null; exit 0' TERM
  while :; do
    sleep 30 &
    nap=$!
    wait "$nap"
    trim_log
  done
) &
janitor=$!

delay_s=$shortest_delay_s
while :; do
  port=8443 address=0.0.0.0
  { read -r port && read -r address; } <settings || say 'settings cannot be read'
  began_s=$(date +%s)
  current/bin/belvedere-engine run --dir "$root/data" --port "$port" --host "$address" \
    </dev/null >>"$log" 2>&1 9>&- &
  engine=$!
  echo "$engine" >engine.pid
  wait "$engine"
  status=$?
  engine=
  rm -f engine.pid
  if [ $(($(date +%s) - began_s)) -ge $good_run_s ]; then delay_s=$shortest_delay_s; fi
  say "the engine ended with status $status; it starts again in $delay_s s"
  sleep "$delay_s" 9>&- &
  napper=$!
  wait "$napper"
  napper=
  delay_s=$((delay_s * 2))
  if [ $delay_s -gt $longest_delay_s ]; then delay_s=$longest_delay_s; fi
done
