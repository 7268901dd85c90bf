#!/bin/bash
# What the public image does with POSTGRES_PASSWORD_FILE and an empty data folder.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C -D "$PGDATA" >/dev/null
fi
exec "$@"
