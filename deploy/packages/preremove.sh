#!/bin/sh
# Arguments: Debian's remove or upgrade, or RPM's number of versions that stay.
set -eu

case ${1:-} in
  remove | 0) ;;
  *) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
  systemctl stop asana_exporter.socket asana_exporter.service 'asana_exporter@*.service' || true
  systemctl --quiet disable asana_exporter.socket asana_exporter.service asana_exporter@.service || true
fi
