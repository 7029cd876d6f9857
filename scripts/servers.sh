# For scripts that start servers and show them; sourced after setup/lib.sh. What is in `children` is
# stopped when the script ends.

children=()

stop() {
  trap - EXIT INT TERM
  [ ${#children[@]} = 0 ] || kill "${children[@]}" 2>/dev/null || true
  wait
}
trap stop EXIT
trap 'exit 0' INT TERM

# wait_for PID LOG COMMAND...: until the command succeeds; ends the script if the process ends first.
wait_for() {
  local pid=$1 log=$2
  shift 2
  until "$@"; do
    if ! kill -0 "$pid" 2>/dev/null; then
      cat "$log" >&2
      die "a server ended before it was ready: see above"
    fi
    [ "$SECONDS" -lt 60 ] || die "a server is not ready after a minute: see $log"
    sleep 0.1
  done
}

# need_port PORT: ends the script if something answers there.
need_port() {
  if curl --silent --output /dev/null "http://127.0.0.1:$1/"; then
    die "port $1 is taken: set WEIR_RUN_PORT to another"
  fi
}

# start_upstream FOLDER: starts the upstream that echoes requests, with its log there; sets `upstream` to
# its address.
start_upstream() {
  scripts/echo_upstream.py > "$1/upstream.log" 2>&1 &
  children+=($!)
  wait_for $! "$1/upstream.log" test -s "$1/upstream.log"
  upstream=http://127.0.0.1:$(head -n 1 "$1/upstream.log")
}
