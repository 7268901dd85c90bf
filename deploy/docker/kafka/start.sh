#!/bin/bash
# Apache Kafka that knows every client: TLS and SCRAM-SHA-512 at the door, one account per service, ACLs behind it.
# Broker and controller know each other by certificate. KAFKA_ADDRESS is host:port as clients name it.
set -euo pipefail
from=/run/landa/kafka data=/var/lib/kafka/data settings=/tmp/server.properties
port=${KAFKA_ADDRESS##*:}
cat > "$settings" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9092
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listeners=CLIENTS://:$port,BROKER://localhost:9091,CONTROLLER://localhost:9092
advertised.listeners=CLIENTS://$KAFKA_ADDRESS,BROKER://localhost:9091
listener.security.protocol.map=CLIENTS:SASL_SSL,BROKER:SSL,CONTROLLER:SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.broker.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=$from/both.pem
ssl.truststore.type=PEM
ssl.truststore.location=/run/landa/ca/ca.pem
ssl.enabled.protocols=TLSv1.3
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:CN=kafka;User:admin
log.dirs=$data
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
log.retention.ms=-1
message.max.bytes=1048588
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=16777216
PROPERTIES
# for renew.sh: the broker's own certificate is the administrator inside this container
cat > /tmp/client.properties <<PROPERTIES
security.protocol=SSL
ssl.keystore.type=PEM
ssl.keystore.location=$from/both.pem
ssl.truststore.type=PEM
ssl.truststore.location=/run/landa/ca/ca.pem
PROPERTIES
if [ ! -f "$data/meta.properties" ]; then
  accounts=()
  while read -r user password; do
    accounts+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$password]")
  done < "$from/accounts"
  /opt/kafka/bin/kafka-storage.sh format --cluster-id "$(cat "$from/cluster_id")" --config "$settings" "${accounts[@]}" \
    >/dev/null  # it prints what the passwords are checked against
fi
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
