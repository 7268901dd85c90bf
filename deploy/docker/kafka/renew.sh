#!/bin/bash
# renew.sh USER...: from now on Kafka knows these accounts by the passwords in the file of accounts.
set -euo pipefail
for user in "$@"; do
  password=$(awk -v user="$user" '$1 == user { print $2 }' /run/landa/kafka/accounts)
  [ -n "$password" ] || { echo "no account is called $user" >&2; exit 1; }
  /opt/kafka/bin/kafka-configs.sh --bootstrap-server localhost:9091 --command-config /tmp/client.properties \
    --alter --entity-type users --entity-name "$user" --add-config "SCRAM-SHA-512=[password=$password]"
done
