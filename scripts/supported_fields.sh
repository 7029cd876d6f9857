#!/usr/bin/env bash
# Writes docs/supported-fields.md out of src/config/proto.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
scripts/build.sh debug weir_configuration_test
WEIR_UPDATE_DOCS=1 build/debug/tests/weir_configuration_test --gtest_brief=1 \
  --gtest_filter=SupportedFieldsTest.ThePageIsCurrent
say "docs/supported-fields.md is current"
