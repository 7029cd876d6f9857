#!/usr/bin/env bash
# Shows a plugin in a Traffic Server of its own: starts a small upstream and a private server, with
# weir-ats.so and the plugin, in build/ats; sends a request, and serves on until Ctrl-C.
# usage: ats.sh PLUGIN.wasm
# WEIR_RUN_PORT is the port to serve on, 8080 if unset; WEIR_RUN_ONCE=1 ends after the one request.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"
source "$repo_root/scripts/servers.sh"

plugin=$(realpath "${1:?usage: ats.sh PLUGIN.wasm}")
port=${WEIR_RUN_PORT:-8080}
cd "$repo_root"
home=$repo_root/build/ats
need_port "$port"

rm -rf "$home"
mkdir -p "$home"/{bin,etc,run,log,cache,modules,share}
ln -s /usr/bin/traffic_server "$home/bin/"
cp -r /etc/trafficserver/. "$home/etc"
cat > "$home/runroot.yaml" << EOF
prefix: $home
bindir: $home/bin
sbindir: $home/bin
sysconfdir: $home/etc
datadir: $home/share
libexecdir: $home/modules
runtimedir: $home/run
localstatedir: $home/run
logdir: $home/log
cachedir: $home/cache
EOF
cp build/lib/weir-ats.so "$home/modules/"
cp -r build/lib/weir "$home/modules/"
cp "$plugin" "$home/etc/plugin.wasm"
cat > "$home/etc/plugin.yaml" << EOF
config:
  name: example
  vm_config:
    runtime: ats.wasm.runtime.wasmtime
    code: {local: {filename: plugin.wasm}}
EOF
echo "weir-ats.so plugin.yaml" > "$home/etc/plugin.config"
cat >> "$home/etc/records.config" << EOF
CONFIG proxy.config.http.server_ports STRING $port:ip-in=127.0.0.1
CONFIG proxy.config.http.cache.http INT 0
CONFIG proxy.config.crash_log_helper STRING NULL
EOF

start_upstream "$home"
echo "map / $upstream/" > "$home/etc/remap.config"

# As root the server takes on its own user, who needs the folder.
if [ "$(id -u)" = 0 ]; then
  chown -R trafficserver: "$home"
else
  echo "CONFIG proxy.config.admin.user_id STRING #-1" >> "$home/etc/records.config"
fi

say "Traffic Server with $1 on port $port, in front of an upstream that echoes requests"
traffic_server "--run-root=$home" > "$home/output" 2>&1 &
children+=($!)
wait_for $! "$home/output" curl --silent --output /dev/null "http://127.0.0.1:$port/ready"

printf '\n$ curl -i http://127.0.0.1:%s/hello\n' "$port"
curl --silent --show-error --include "http://127.0.0.1:$port/hello" | tee "$home/answer" | tr -d '\r'
grep -qi '^x-weir-plugin: ' "$home/answer" || say "the response lacks the header x-weir-plugin"

if [ "${WEIR_RUN_ONCE:-0}" = 1 ]; then
  exit
fi
printf '\nServing on http://127.0.0.1:%s/ until Ctrl-C, from %s; its log follows.\n\n' "$port" "build/ats/etc"
tail -n 0 -f "$home/log/diags.log" &
children+=($!)
wait "${children[1]}" || true
die "Traffic Server ended: see build/ats/log/diags.log"
