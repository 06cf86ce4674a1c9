#!/bin/sh
# Makes the benchmark's certificate anew, valid for a hundred years. Its key is public: never use it elsewhere.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -batch -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
  -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -days 36500
cat cert.pem key.pem >cert-and-key.pem
