#!/bin/sh
# Draws every password of the composed system once, at its first start, each into the volume of those who need it.
# Nothing secret is in the repository, in an image or in an environment variable; a second run changes nothing.
set -eu
umask 077
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# put FILE TEXT: written under another name first, so that a half-written secret is never used.
put() { printf '%s' "$2" > "$1.new"; chmod 0444 "$1.new"; mv "$1.new" "$1"; }

if [ ! -e /secrets/server/database_url ]; then
    password=$(random)
    put /secrets/database/password "$password"
    put /secrets/server/database_url "postgresql+psycopg://orderlight:$password@postgres:5432/orderlight"
    echo "made the database password"
fi
touch /secrets/broker/passwords
# One by one, so that a user who came with a later version gets his password, too.
for user in gateway readers health server gw-compose; do
    grep -q "^$user:" /secrets/broker/passwords && continue
    password=$(random)
    cp /secrets/broker/passwords /secrets/broker/passwords.new
    mosquitto_passwd -b /secrets/broker/passwords.new "$user" "$password"
    case $user in
        gateway) put /secrets/gateway/mqtt_password "$password" ;;
        readers) put /secrets/readers/mqtt_password "$password" ;;
        health) put /secrets/broker/health "$password" ;;
        server) put /secrets/server/broker_password "$password" ;;
        gw-compose) put /secrets/gateway/broker_password "$password" ;;
    esac
    mv /secrets/broker/passwords.new /secrets/broker/passwords
    echo "made the broker's password of $user"
done
# The set-up service runs as the image's own user and writes the gateways' keys here.
chown 10001:10001 /secrets/gateway /secrets/readers
echo "secrets are in place"
