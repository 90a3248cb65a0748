#!/usr/bin/env bash
# Prints the installed version without starting anything.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

echo "Build version: $(release_field version)"
echo "Commit hash: $(release_field commit)"
echo "Build type: RELEASE"
echo "Build time: 2025-06-10 10:00:00"
echo "Build distributor id: sandbox"
echo "Build arch: $(uname -m)"
