#!/usr/bin/env bash
# The checks of ../shared/clients, each a real client library, against a started server.
#
#   scripts/clients.sh PROGRAM FOLDER    FOLDER gets the clients' environments
set -euo pipefail
program=$(realpath "$1")
folder=$(mkdir -p "$2" && realpath "$2")
checks=$(realpath "$(dirname "$0")/../../shared/clients" 2>/dev/null || true)
if [ ! -f "$checks/run_all.sh" ]; then
  echo "skipped: ../shared/clients is not here"
  exit 0
fi
[ -f "$folder/.installed" ] || { VENVS=$folder bash "$checks/install.sh" && touch "$folder/.installed"; }

# Port 0 takes a free one; the server's first line says which.
PODIUM_KEYS=$folder/no-keys.db "$program" serve --port 0 2>"$folder/serve.log" &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do
  url=$(grep -o 'http://127.0.0.1:[0-9]*' "$folder/serve.log" || true)
  [ -n "$url" ] && break
  sleep 0.1
done
RERANK_URL=$url VENVS=$folder bash "$checks/run_all.sh"
