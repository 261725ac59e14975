#!/bin/sh
# Installs Debian's Chromium for the browser tests. Does nothing where it is there already, or where it cannot.
set -eu
if command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "install_chromium: no Chromium, and it cannot be installed here (not root, or no apt-get); browser tests are skipped" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; then
    exit 0
fi
echo "install_chromium: apt-get could not install Chromium; browser tests are skipped" >&2
