#!/bin/sh
# Makes the certificates of the tests anew, valid from 2020 for a hundred years. Their keys are public: never use them
# elsewhere.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.conf" <<CONF
[ca]
default_ca = tests
[tests]
new_certs_dir = $work
database = $work/index.txt
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1
extendedKeyUsage = serverAuth
[named]
subjectAltName = DNS:upstream.example.test
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
CONF
: >"$work/index.txt"

# request SUBJECT KEYFILE
request() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2" -out "$work/request.csr" -subj "$1"
}

# sign NAME SECTION LAST_DAY [OPTIONS]
sign() {
  name=$1 section=$2 end=$3
  shift 3
  openssl ca -batch -config "$work/ca.conf" -extensions "$section" -startdate 20200101000000Z -enddate "${end}000000Z" \
    -in "$work/request.csr" -out "$name.pem" -notext "$@"
}

# authority NAME SUBJECT
authority() {
  request "$2" "$work/$1-key.pem"
  sign "$1" authority 21191231 -selfsign -keyfile "$work/$1-key.pem"
}

# issue NAME SUBJECT SECTION LAST_DAY
issue() {
  request "$2" "$1-key.pem"
  sign "$1" "$3" "$4" -cert ca.pem -keyfile "$work/ca-key.pem"
}

authority ca '/CN=wsfw test CA'
authority stranger '/CN=some other CA'
issue server '/CN=localhost' server 21191231
issue named '/CN=upstream.example.test' named 21191231
issue expired '/CN=localhost' server 20200102
issue client '/CN=wsfw test client' client 21191231
