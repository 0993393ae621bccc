#!/bin/sh
# Arguments: Debian's configure and the version before, or RPM's number of versions that are installed.
set -eu

case ${1:-} in
  configure | 1 | 2) ;;
  *) exit 0 ;;
esac

if ! getent passwd asana_exporter >/dev/null; then
  useradd --system --user-group --no-create-home --home-dir /var/lib/asana_exporter --shell /usr/sbin/nologin \
    --comment 'Prometheus exporter for Asana' asana_exporter
fi

if [ -d /run/systemd/system ]; then
  # A service that does not come up is no reason to leave the package half configured.
  systemctl daemon-reload || true
  systemctl try-restart asana_exporter.service 'asana_exporter@*.service' ||
    echo 'asana_exporter did not restart: see systemctl status asana_exporter' >&2
  if systemctl --quiet is-active asana_exporter.socket asana_exporter.service 'asana_exporter@*.service'; then
    exit 0
  fi
fi

# Also where it was removed and is back: the removal stopped and disabled it, and Asana keeps its events for a day only.
cat <<'END'
asana_exporter is installed and not running. It needs a token:
  1. Set ASANA_WORKSPACE in /etc/default/asana_exporter.
  2. Write the service account's token into /etc/asana_exporter/token.
  3. systemctl enable --now asana_exporter
END
