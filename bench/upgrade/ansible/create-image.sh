#!/bin/sh
# create-image.sh <login file> <address of the leader> <its HTTP port>
# Writes an image of the metadata, and waits until it holds all that was there before.
set -eu
value() {
  curl --silent --show-error --max-time 5 "http://$address:$port/api/show_meta_info?action=SHOW_HA" |
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}
login=$1 address=$2 port=$3
before=$(value current_journal_id)
deadline=$(($(date +%s) + 90))
mysql --defaults-extra-file="$login" --host="$address" --execute='ALTER SYSTEM CREATE IMAGE'
until [ "$(value last_checkpoint_version)" -ge "$before" ]; do
  if [ "$(date +%s)" -ge "$deadline" ]; then
    echo "no image of journal $before after 90 s" >&2
    exit 1
  fi
  sleep 0.05
done
