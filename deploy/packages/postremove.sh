#!/bin/sh
# Arguments: Debian's remove, purge or upgrade, or RPM's number of versions that stay.
#
# The state holds counts that nothing can restore, and the token is the operator's: both stay, even after a purge, unless the file
# /etc/asana_exporter/purge asks for their removal.
set -eu

if [ -d /run/systemd/system ]; then
  case ${1:-} in
    remove | purge | 0) systemctl daemon-reload || true ;;
  esac
fi

case ${1:-} in
  purge | 0) ;;
  *) exit 0 ;;
esac

# Those of the instances, too.
folders='/var/lib/asana_exporter /var/lib/asana_exporter@* /etc/asana_exporter /etc/asana_exporter@*'
if [ -e /etc/asana_exporter/purge ]; then
  # shellcheck disable=SC2086 # They are patterns.
  rm -rf $folders
  rm -f /etc/default/asana_exporter@*
  userdel asana_exporter 2>/dev/null || true
  groupdel asana_exporter 2>/dev/null || true # Where userdel leaves it, the next installation could not make the user.
  exit 0
fi
for folder in $folders; do
  if [ -d "$folder" ]; then
    echo "asana_exporter: kept $folder"
  fi
done
