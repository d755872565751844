#!/bin/sh
# Installs what a task needs and is not there yet, and says what it does.
#   tools/setup.sh demo     Python packages of server, gateway and simulators; mosquitto
#   tools/setup.sh check    every Python package, with the tools that check the code
#   tools/setup.sh test     the same, and the servers, browser and fonts the tests use
# A second run finds everything in place and installs nothing.
# PYTHON=python3.13 tools/setup.sh ... makes the virtual environment with a Python of your choice.
set -eu
cd "$(dirname "$0")/.."
TASK=${1:?usage: tools/setup.sh demo|check|test}
VENV=.venv
# What PDFs are drawn with (docs/adr/0017).
DRAWING="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"

say() { printf 'setup: %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else
        say "cannot install Debian packages: run this as root, or install sudo"; return 1
    fi
}

# installed PACKAGE...: prints those that dpkg does not have.
missing() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || printf '%s ' "$package"
    done
}

apt_install() {
    command -v apt-get >/dev/null 2>&1 || { say "no apt-get here; please install: $*"; return 1; }
    say "installing Debian packages: $*"
    as_root apt-get update -qq || return 1
    # RUNLEVEL=1 asks the packages not to start system services: demo and tests run private ones.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A distribution builds its Python with profile-guided optimisation. One built at home often lacks it, and takes up to
# half as long again for the same plain code, so the distribution's own comes first.
need_python() {
    [ ! -x "$VENV/bin/python" ] || return 0
    for python in ${PYTHON:-/usr/bin/python3 python3}; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        # Debian ships venv without ensurepip until python3-venv is installed.
        "$python" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
        say "making the virtual environment $VENV with $("$python" --version) ($(command -v "$python"))"
        "$python" -m venv "$VENV"
        return 0
    done
    found=$("${PYTHON:-python3}" --version 2>/dev/null || echo none)
    say "Python 3.11 or newer is needed; found ${PYTHON:-python3}: $found"; exit 1
}

need_uv() {
    [ -x "$VENV/bin/uv" ] || { say "installing uv into $VENV"; "$VENV/bin/python" -m pip install -q --disable-pip-version-check uv; }
}

# install_extras STAMP EXTRAS: installs the locked versions unless this very state was installed before.
install_extras() {
    stamp=$VENV/.installed-$1
    state=$(cat pyproject.toml requirements.lock | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null || true)" != "$state" ] || { say "Python packages are in place"; return 0; }
    say "installing Python packages [$2]"
    # Compiled here once: uv leaves that to the first start, and PYTHONDONTWRITEBYTECODE to every start.
    VIRTUAL_ENV="$PWD/$VENV" "$VENV/bin/uv" pip install -q --compile-bytecode -c requirements.lock -e ".[$2]"
    printf '%s' "$state" > "$stamp"
}

compile_ours() {
    "$VENV/bin/python" -m compileall -q orderlight gateway server simulators
}

need_python
need_uv
case $TASK in
    demo)
        [ -e "$VENV/.installed-all" ] || install_extras demo server,print,gateway,simulators
        [ ! -e "$VENV/.installed-all" ] || install_extras all server,print,postgres,gateway,vision,simulators,dev
        packages=$(missing mosquitto)
        [ -z "$packages" ] || apt_install $packages || say "mosquitto could not be installed: the demo leaves its MQTT reader out"
        packages=$(missing $DRAWING)
        [ -z "$packages" ] || apt_install $packages || say "Pango could not be installed: the demo makes no PDF and no PNG of labels"
        ;;
    check)
        install_extras all server,print,postgres,gateway,vision,simulators,dev
        ;;
    test)
        install_extras all server,print,postgres,gateway,vision,simulators,dev
        packages=$(missing mosquitto postgresql chromium libzbar0 $DRAWING fonts-noto-cjk)
        [ -z "$packages" ] || apt_install $packages
        ;;
    *) say "unknown task $TASK: expected demo, check or test"; exit 2 ;;
esac
compile_ours
say "ready for: $TASK"
