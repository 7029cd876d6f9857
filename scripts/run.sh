#!/usr/bin/env bash
# Shows a plugin at work: starts a small upstream and `weir serve` with the plugin in front of it, sends
# a request, tells what the plugin did, and serves on until Ctrl-C.
# usage: run.sh PLUGIN.wasm
# WEIR_RUN_PORT is the port to serve on, 8080 if unset; WEIR_RUN_ONCE=1 ends after the one request.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"
source "$repo_root/scripts/servers.sh"

plugin=${1:?usage: run.sh PLUGIN.wasm}
port=${WEIR_RUN_PORT:-8080}
cd "$repo_root"
logs=build/run
rm -rf "$logs"
mkdir -p "$logs"
need_port "$port"

start_upstream "$logs"

say "serving $plugin on port $port, in front of an upstream that echoes requests"
build/bin/weir serve "$plugin" --listen "127.0.0.1:$port" --upstream "$upstream" \
  > "$logs/weir.log" 2>&1 &
children+=($!)
wait_for $! "$logs/weir.log" curl --silent --output /dev/null "http://127.0.0.1:$port/ready"

printf '\n$ curl -i http://127.0.0.1:%s/hello\n' "$port"
curl --silent --show-error --include "http://127.0.0.1:$port/hello" | tee "$logs/answer" | tr -d '\r'

printf '\nWhat the plugin did:\n'
header=$(sed -n '/^\r*$/q; s/^x-weir-plugin: //ip' "$logs/answer" | tr -d '\r')
[ -n "$header" ] || die "the response lacks the header x-weir-plugin: see $logs/weir.log"
printf '  the response got  x-weir-plugin: %s\n' "$header"
header=$(sed -n 's/^ *"x-weir-plugin": "\(.*\)",*$/\1/p' "$logs/answer")
[ -n "$header" ] || die "the upstream did not see the header x-weir-plugin: see $logs/weir.log"
printf '  the upstream got  x-weir-plugin: %s\n' "$header"
line=$(grep -m 1 'GET /hello' "$logs/weir.log") || die "the plugin logged nothing: see $logs/weir.log"
printf '  and it logged     %s\n\n' "$line"

if [ "${WEIR_RUN_ONCE:-0}" = 1 ]; then
  exit
fi
printf 'Serving on http://127.0.0.1:%s/ until Ctrl-C; what it logs follows.\n\n' "$port"
tail -n 0 -f "$logs/weir.log" &
children+=($!)
wait "${children[1]}" || true
die "weir serve ended: see $logs/weir.log"
