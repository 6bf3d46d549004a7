#!/bin/sh
# Three nodes on this machine behind HAProxy, in the foreground; Ctrl-C ends all of them.
#
#   examples/cluster/run.sh FOLDER
#
# FOLDER gets the configurations, the data and the logs, and may be used again. HAProxy is Debian's package haproxy; without
# it the nodes run alone. VARVE names the program if it is not the one of this source tree.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
varve=${VARVE:-$here/../../varve}
front=${FRONT_PORT:-9200}

if [ $# -ne 1 ]; then
  echo "usage: $0 FOLDER" >&2
  exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)

if [ ! -s "$folder/secret" ]; then
  (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$folder/secret")
fi

port_of() { # node → its HTTP port; the log's is 100 higher
  case $1 in
    a) echo $((front + 1)) ;;
    b) echo $((front + 2)) ;;
    c) echo $((front + 3)) ;;
  esac
}

for node in a b c; do
  {
    echo "listen: 127.0.0.1:$(port_of $node)"
    echo "data_dir: \"$folder/$node\""
    echo "http: {admin_api: true}"
    echo "rules: {files: [\"$here/alerts.yml\"]}"
    echo "cluster:"
    echo "  node: $node"
    echo "  name: example"
    echo "  secret_file: secret"
    echo "  peers:"
    for peer in a b c; do
      port=$(port_of $peer)
      echo "    - {id: $peer, http: \"127.0.0.1:$port\", raft: \"127.0.0.1:$((port + 100))\"}"
    done
  } > "$folder/node-$node.yaml"
done

{
  sed -e "s/@FRONT@/$front/" "$here/haproxy.cfg.in" | while IFS= read -r line; do
    case $line in
      *@SERVERS@*)
        for node in a b c; do
          echo "    server $node 127.0.0.1:$(port_of $node) check"
        done
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
} > "$folder/haproxy.cfg"

pids=
end() {
  trap - INT TERM EXIT
  for pid in $pids; do
    kill "$pid" 2> /dev/null || true
  done
  for pid in $pids; do
    wait "$pid" 2> /dev/null || true
  done
}
trap end EXIT
trap 'exit 0' INT TERM

for node in a b c; do
  "$varve" serve --config "$folder/node-$node.yaml" > "$folder/node-$node.log" 2>&1 &
  pids="$pids $!"
done

haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy || true)
if [ -n "$haproxy" ]; then
  "$haproxy" -f "$folder/haproxy.cfg" > "$folder/haproxy.log" 2>&1 &
  pids="$pids $!"
  echo "http://127.0.0.1:$front goes to all three nodes (HAProxy)"
fi
for node in a b c; do
  echo "node $node: http://127.0.0.1:$(port_of $node), log $folder/node-$node.log"
done
echo "varve cluster status --url http://127.0.0.1:$(port_of a)"
echo "Ctrl-C ends all."
wait
