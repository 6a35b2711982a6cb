#!/bin/sh
# Builds an image: deploy/build-image.sh server|runner <tag>. dist/fangs must have been built (bun build.ts).
set -eu

target=${1:?server or runner}
tag=${2:?a tag, for example fangs:latest}
cd "$(dirname "$0")/.."

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/data" "$context/root"
install -d -m 1777 "$context/root/tmp"
touch "$context/data/.keep"
install -D -m 0755 dist/fangs "$context/root/usr/local/bin/fangs"
# The C library of this host, at the same paths: the executable brings everything else with it.
ldd dist/fangs | grep -o '/[^ ]*' | while read -r library; do
  install -D -m 0755 "$library" "$context/root$library"
done
docker build --quiet --target "$target" --tag "$tag" --file deploy/Dockerfile "$context"
