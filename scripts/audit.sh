#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Asks npm for advisories against every lock file. No part of .ci/run: the answer changes without a change, and few mirrors give it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0
for lock in package-lock.json */package-lock.json packages/*/test/*/package-lock.json; do
  level=low
  # VitePress has an esbuild and a Vite whose development servers other pages can read (GHSA-67mh-4wv8-2f99). The site is only built.
  if [ "$lock" = site/package-lock.json ]; then level=high; fi
  echo "$lock"
  npm audit --prefix "$(dirname "$lock")" --package-lock-only --audit-level "$level" || status=$?
done
exit "$status"
