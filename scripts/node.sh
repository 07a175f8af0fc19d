# Sourced by ./assay and scripts/run with $root set, the project's folder. Sets $node, a Node.js 24 or newer, and sees to
# it that the dependencies are those of package-lock.json. Two or three short processes when all is there; otherwise
# scripts/bootstrap.mjs brings what is missing, reporting on stderr. Works with any POSIX shell. Leaves with status 69
# (EX_UNAVAILABLE) when it cannot: 1 and 2 are verdicts of `assay check`.

find_node() {
  case $(node -v 2>/dev/null </dev/null) in
    v2[4-9].* | v[3-9][0-9].* | v[1-9][0-9][0-9].*)
      node=node
      return 0
      ;;
  esac
  case $(uname -sm) in
    'Linux x86_64') platform=linux-x64 ;;
    'Linux aarch64') platform=linux-arm64 ;;
    *) return 1 ;;
  esac
  pinned=$root/.toolchain/node_modules/node-$platform
  wanted= found=
  [ -x "$pinned/bin/node" ] && [ -r "$pinned/.pinned" ] || return 1
  read -r wanted <"$root/toolchain/node-version"
  read -r found <"$pinned/.pinned"
  [ "$wanted" = "$found" ] || return 1
  node=$pinned/bin/node
}

# The copy of the lock file that the installation was made from lies inside it: equal bytes, equal dependencies.
dependencies_ready() {
  cmp -s "$root/package-lock.json" "$root/node_modules/.installed-lock.json"
}

bootstrap() {
  if ! command -v "${node:-node}" >/dev/null 2>&1; then
    echo 'assay: needs Node.js 24 or newer: install it (on Linux any older Node.js with npm is enough to fetch it) and start again' >&2
    exit 69
  fi
  # In the background, so that a signal to this shell ends the installation at once instead of after it.
  "${node:-node}" "$root/scripts/bootstrap.mjs" </dev/null >&2 &
  installer=$!
  trap 'kill -TERM "$installer" 2>/dev/null; wait "$installer"; exit 130' INT
  trap 'kill -TERM "$installer" 2>/dev/null; wait "$installer"; exit 143' TERM
  trap 'kill -TERM "$installer" 2>/dev/null; wait "$installer"; exit 129' HUP
  wait "$installer" || exit 69
  trap - INT TERM HUP
  find_node || exit 69
}

node=
find_node && dependencies_ready || bootstrap

# Node.js keeps what it compiled, types stripped; where it may not write it does without.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/.toolchain/compile-cache}
export NODE_COMPILE_CACHE
