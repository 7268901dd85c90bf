#!/bin/bash
# Keycloak over TLS, with the realm of this installation. The administrator's password is read from its file.
set -euo pipefail
export KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD
KC_BOOTSTRAP_ADMIN_PASSWORD=$(cat /run/landa/keycloak/admin_password)
mkdir -p /opt/keycloak/data/import
cp /run/landa/keycloak/realm.json /opt/keycloak/data/import/
exec /opt/keycloak/bin/kc.sh start --import-realm
