#include "base/shown_url.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(ShownUrlTest, LeavesOutWhatMayBeSecret) {
  EXPECT_EQ(shown_url("http://host:1/a.wasm"), "http://host:1/a.wasm");
  EXPECT_EQ(shown_url("http://host/a.wasm?token=secret#part"), "http://host/a.wasm");
  EXPECT_EQ(shown_url("https://user:secret@host/a.wasm"), "https://***@host/a.wasm");
  EXPECT_EQ(shown_url("https://user:sec@ret@host"), "https://***@host");
  EXPECT_EQ(shown_url("https://user:sec?ret@host/a.wasm?b"), "https://***@host/a.wasm");
  EXPECT_EQ(shown_url("oci://host/image@sha256:ab"), "oci://host/image@sha256:ab");
  EXPECT_EQ(shown_url("user:secret@host"), "***@host");
  EXPECT_EQ(shown_url(""), "");
  EXPECT_EQ(shown_url("http://user:sec/ret@host/a.wasm?b"), "http://***@host/a.wasm");
  EXPECT_EQ(shown_url("http://user:123456/7@host/a.wasm"), "http://***@host/a.wasm");
  EXPECT_EQ(shown_url("oci://host:5000/image@sha256:ab"), "oci://host:5000/image@sha256:ab");
  EXPECT_EQ(shown_url("oci://[::1]/image@sha256:ab"), "oci://[::1]/image@sha256:ab");
}

TEST(ShownUrlTest, KnowsWhereAUserIs) {
  EXPECT_TRUE(has_user("http://user:secret@host/a.wasm"));
  EXPECT_FALSE(has_user("http://host/user@a.wasm"));
}

}  // namespace
}  // namespace weir
