#!/bin/sh
# Installs packages of the system if that needs no password; otherwise prints how to install them.
#
#   tools/system_packages.sh dot chromium libatomic.so.1
#
# Takes names of programs and of shared libraries. The exit code is 0 if all are installed, and 1 if one is missing
# and could not be installed.
set -u

is_installed() {
    case "$1" in
        *.so*) { /sbin/ldconfig -p || ldconfig -p; } 2>/dev/null | grep -q -F "$1 " ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

package() {
    case "$1" in
        dot) echo graphviz ;;
        libatomic.so.1) echo libatomic1 ;;
        *) echo "$1" ;;
    esac
}

missing=""
for name in "$@"; do
    is_installed "$name" || missing="$missing $(package "$name")"
done
[ -z "$missing" ] && exit 0
install="apt-get install --yes --no-install-recommends$missing"
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo --non-interactive"
    if [ -z "$sudo" ] || $sudo true 2>/dev/null; then
        echo "Installing$missing ..."
        # The package lists of a fresh machine are empty or old.
        { $sudo $install || { $sudo apt-get update && $sudo $install; }; } >/dev/null 2>&1 && exit 0
    fi
    echo "Missing:$missing. Install with: sudo apt-get install$missing" >&2
else
    echo "Missing:$missing. Install with your system's package manager (conda install$missing, brew install$missing)." >&2
fi
exit 1
