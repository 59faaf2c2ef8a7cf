# Shared by deploy/demo and deploy/test: brings what a fresh Debian or Ubuntu machine lacks.
# Sourced, not run. Every function may be run again: what is there already is left alone.

say() {
    printf '== %s\n' "$*" >&2
}

fail() {
    printf '!! %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "this needs root, and sudo is not here: $*"
    fi
}

apt_updated=no

# install PACKAGE...: with apt, without recommended extras, and without starting any service.
install() {
    command -v apt-get >/dev/null 2>&1 ||
        fail "please install by hand, there is no apt-get on this machine: $*"
    if [ "$apt_updated" = no ]; then
        say "Reading the lists of packages (apt-get update)"
        as_root apt-get -qq update
        apt_updated=yes
    fi
    say "Installing $*"
    status=0
    hold_services
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >&2 || status=$?
    release_services
    [ "$status" -eq 0 ] || fail "apt-get could not install $*"
}

# Debian asks this file whether a freshly installed service may start. One that is there is not ours.
policy=/usr/sbin/policy-rc.d
policy_is_ours=no

hold_services() {
    [ ! -e "$policy" ] || return 0
    policy_is_ours=yes
    trap release_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

release_services() {
    if [ "$policy_is_ours" = yes ]; then
        as_root rm -f "$policy"
        policy_is_ours=no
        trap - EXIT INT TERM HUP
    fi
}

java_is_new_enough() {
    java=java
    if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then
        java=$JAVA_HOME/bin/java
    fi
    command -v "$java" >/dev/null 2>&1 || return 1
    version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${version:-0}" -ge 17 ]
}

need_java_and_maven() {
    java_is_new_enough || install default-jre-headless
    java_is_new_enough || fail "Java 17 or later is needed; this machine's packages have an older one"
    command -v mvn >/dev/null 2>&1 || install maven
}

have_postgresql() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

need_test_tools() {
    have_postgresql || install postgresql
    command -v kcat >/dev/null 2>&1 || install kcat
    command -v promtool >/dev/null 2>&1 || install prometheus
    need_node
}

# AsyncAPI's parser needs Node 18; what it consists of is in tests/asyncapi/package-lock.json, and the
# test installs exactly that.
need_node() {
    node_is_new_enough || install nodejs npm
    node_is_new_enough || fail "Node 18 or later is needed; this machine's packages have an older one"
    command -v npm >/dev/null 2>&1 || install npm
}

node_is_new_enough() {
    command -v node >/dev/null 2>&1 || return 1
    [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]
}

# The first Python that is new enough and can make a virtual environment.
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

need_python() {
    find_python || install python3 python3-venv
    find_python || fail "Python 3.11 or later is needed; this machine's packages have an older one"
}

# need_environment LOCK: .venv with exactly what the lock file names, and Homeward itself.
# The stamp is written last, so that an interrupted installation is done again. The environment for
# tests serves for the demo too, so going from one to the other installs nothing.
need_environment() {
    lock=$1
    if [ -L .venv ]; then
        say ".venv is a link to somewhere else, where others may be at work: remove it first"
        return 1
    fi
    wanted=$(lock_stamp "$lock")
    if [ -x .venv/bin/homeward ] && .venv/bin/python -c '' 2>/dev/null &&
        grep -qxF "$wanted" .venv/homeward.stamps 2>/dev/null; then
        return 0
    fi
    need_python
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        say "Making the virtual environment .venv with $("$python" --version)"
        rm -rf .venv
        "$python" -m venv .venv
    fi
    rm -f .venv/homeward.stamps
    say "Installing what $lock names into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    # In a build environment of its own: a fresh .venv of Python 3.12 has no setuptools.
    say "Installing Homeward itself into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
    if [ "$lock" = requirements-dev.lock ]; then
        wanted="$wanted
$(lock_stamp requirements.lock)"
    fi
    printf '%s\n' "$wanted" >.venv/homeward.stamps
}

lock_stamp() {
    cat "$1" pyproject.toml | sha256sum | sed "s/-/$1/"
}
