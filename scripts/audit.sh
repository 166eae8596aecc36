#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Asks npm for advisories against every lock file. Not part of .ci/run: the answer changes without a change, and mirrors do not give it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0
for lock in package-lock.json */package-lock.json packages/*/test/*/package-lock.json; do
  echo "$lock"
  npm audit --prefix "$(dirname "$lock")" --package-lock-only || status=$?
done
exit "$status"
