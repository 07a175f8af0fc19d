#!/usr/bin/env bash
# Sendmail and Exim of Debian, unpacked and not installed: as packages each would remove Postfix. They are kept in .toolchain/debian, which
# git ignores; where they are there already, nothing is downloaded, and no network is needed.
# What they are linked with is installed as usual (.ci/run). apt-get update must have run before.
set -euo pipefail
cd "$(dirname "$0")/../../.."

packages=(sendmail-bin sendmail-cf exim4-daemon-heavy)
folder=$PWD/.toolchain/debian
# The heavy Exim is the one that asks content scanners.
if [ -x "$folder/root/usr/libexec/sendmail/sendmail" ] && [ -d "$folder/root/usr/share/doc/exim4-daemon-heavy" ] && [ -d "$folder/root/usr/share/sendmail/cf" ]; then
  exit 0
fi

rm -rf "$folder/new"
mkdir -p "$folder/new/root"
# apt-get writes into the working folder; its own user for downloads may not be able to.
(cd "$folder/new" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "${packages[@]}")
for package in "$folder"/new/*.deb; do dpkg -x "$package" "$folder/new/root"; done
rm -rf "$folder/root"
mv "$folder/new/root" "$folder/root"
rm -rf "$folder/new"
