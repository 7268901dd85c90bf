#!/bin/bash
# PostgreSQL that speaks TLS only: each role comes with its password (SCRAM), nobody comes in plain text.
set -euo pipefail
install -m 0600 /run/landa/postgres/key.pem /tmp/key.pem
exec docker-entrypoint.sh postgres \
  -c listen_addresses='*' -c max_connections=200 -c timezone=UTC -c log_timezone=UTC \
  -c ssl=on -c ssl_cert_file=/run/landa/postgres/certificate.pem -c ssl_key_file=/tmp/key.pem \
  -c ssl_min_protocol_version=TLSv1.3 -c password_encryption=scram-sha-256 -c hba_file=/etc/landa/pg_hba.conf \
  -c log_error_verbosity=terse -c log_min_error_statement=panic -c log_parameter_max_length=0 \
  -c log_parameter_max_length_on_error=0 -c log_statement=none
