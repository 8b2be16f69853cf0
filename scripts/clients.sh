#!/usr/bin/env bash
# Real client libraries against a started server: those of ../shared/clients, where they are, and those
# of tests/clients. Each set says what it tried ("4 passed, 0 failed").
#
#   scripts/clients.sh PROGRAM FOLDER    FOLDER gets the clients' environments
set -euo pipefail
program=$(realpath "$1")
folder=$(mkdir -p "$2" && realpath "$2")
root=$(realpath "$(dirname "$0")/..")
shared=$root/../shared/clients

if [ -f "$shared/run_all.sh" ]; then
  [ -f "$folder/.installed" ] || { VENVS=$folder bash "$shared/install.sh" && touch "$folder/.installed"; }
fi
requirements=$root/scripts/requirements-clients.txt
if [ "$requirements" -nt "$folder/sdks/.installed" ]; then
  python3 -m venv "$folder/sdks"
  "$folder/sdks/bin/python" -m pip install -q -r "$requirements"
  touch "$folder/sdks/.installed"
fi

# Port 0 takes a free one; the server's first line says which.
PODIUM_KEYS=$folder/no-keys.db "$program" serve --port 0 2>"$folder/serve.log" &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do
  url=$(grep -o 'http://127.0.0.1:[0-9]*' "$folder/serve.log" || true)
  [ -n "$url" ] && break
  sleep 0.1
done

status=0
if [ -f "$shared/run_all.sh" ]; then
  RERANK_URL=$url VENVS=$folder bash "$shared/run_all.sh" || status=1
else
  echo "skipped: ../shared/clients is not here"
fi
"$folder/sdks/bin/python" "$root/tests/clients/sdks.py" "$url" || status=1
exit $status
