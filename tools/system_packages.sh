#!/bin/sh
# Installs the programs that are no Python packages, where that is possible without asking; else says how.
#
#   tools/system_packages.sh dot chromium
#
# Ends with 0 if all are there, with 1 if one is missing and could not be installed.
set -u
missing=""
for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 && continue
    case "$program" in
        dot) missing="$missing graphviz" ;;
        *) missing="$missing $program" ;;
    esac
done
[ -z "$missing" ] && exit 0
install="apt-get install --yes --no-install-recommends$missing"
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo --non-interactive"
    if [ -z "$sudo" ] || $sudo true 2>/dev/null; then
        echo "Installing$missing ..."
        # The lists of a fresh machine are empty or old.
        { $sudo $install || { $sudo apt-get update && $sudo $install; }; } >/dev/null 2>&1 && exit 0
    fi
    echo "Missing:$missing. Install with: sudo $install" >&2
else
    echo "Missing:$missing. Install with your system's package manager (conda install$missing, brew install$missing)." >&2
fi
exit 1
