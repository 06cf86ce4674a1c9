#!/bin/sh
# Puts a renewed certificate in place and has the gateway read it. A deploy hook of certbot:
#   /etc/letsencrypt/renewal-hooks/deploy/wsfw.sh
set -eu
from=${RENEWED_LINEAGE:?certbot names the folder of the certificate}
to=${WSFW_TLS:-/etc/wsfw/tls}

# Beside the old ones first: each is replaced whole.
for name in privkey fullchain; do
  install -m 640 -g "${WSFW_GROUP:-wsfw}" "$from/$name.pem" "$to/$name.pem.new"
done
for name in privkey fullchain; do
  mv "$to/$name.pem.new" "$to/$name.pem"
done

${WSFW_RELOAD:-systemctl reload wsfw}
