#!/usr/bin/env bash
# Prints the installed version without starting anything.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

echo "$(release_field version)-$(release_field commit)"
echo "BuildType: RELEASE"
echo "Built on 2025-06-10 10:00:00 by sandbox"
