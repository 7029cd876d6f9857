// References, manifests, layers, secrets and challenges: what registries and their users write.

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/challenge.h"
#include "fetch/image_layer.h"
#include "fetch/image_manifest.h"
#include "fetch/image_reference.h"
#include "fetch/layer_fakes.h"
#include "fetch/pull_secret.h"

namespace weir::fetch {
namespace {

using test::make_layer;
using ::testing::HasSubstr;

const std::string kHex(64, 'a');

TEST(ImageReferenceTest, ReadsItsParts) {
  const auto tagged = parse_image_reference("oci://localhost:5000/team/my-plugin__x:v1.2");
  ASSERT_TRUE(tagged.ok()) << tagged.error().message;
  EXPECT_EQ(tagged.value().registry, "localhost:5000");
  EXPECT_EQ(tagged.value().repository, "team/my-plugin__x");
  EXPECT_EQ(tagged.value().version(), "v1.2");
  const auto exact = parse_image_reference("oci://[::1]:5000/p:v1@sha256:" + std::string(64, 'A'));
  ASSERT_TRUE(exact.ok()) << exact.error().message;
  EXPECT_EQ(exact.value().registry, "[::1]:5000");
  EXPECT_EQ(exact.value().repository, "p");
  EXPECT_EQ(exact.value().version(), "sha256:" + kHex);
  EXPECT_EQ(parse_image_reference("oci://ghcr.io/a/b").value().version(), "latest");
}

TEST(ImageReferenceTest, RefusesWhatIsNone) {
  for (const std::string uri :
       {"http://a/b", "oci://", "oci://a", "oci://a/", "oci:///b", "oci://a/B",
        "oci://a/b:", "oci://a/b:-x", "oci://a/b/", "oci://a/../b", "oci://a/b@sha256:12",
        "oci://a/b@md5:12", "oci://a:port/b", "oci://a:123456/b", "oci://u@a/b", "oci://a b/c",
        "oci://a/b?c", "oci://[::1/b", "oci://a\r\nb/c"}) {
    const auto reference = parse_image_reference(uri);
    ASSERT_FALSE(reference.ok()) << uri;
    EXPECT_EQ(reference.error().code, ErrorCode::BadConfig);
    EXPECT_THAT(reference.error().message, HasSubstr("an image is oci://REGISTRY/REPOSITORY:TAG"));
  }
}

TEST(ImageReferenceTest, KnowsThisMachine) {
  for (const char* uri : {"oci://localhost/a", "oci://127.0.0.1:5000/a", "oci://[::1]:1/a",
                          "oci://[::1]/a", "oci://localhost:80/a"}) {
    EXPECT_TRUE(parse_image_reference(uri).value().is_loopback()) << uri;
  }
  for (const char* uri : {"oci://localhost.example.com/a", "oci://127.example.com/a",
                          "oci://example.com:127/a", "oci://10.0.0.1/a"}) {
    EXPECT_FALSE(parse_image_reference(uri).value().is_loopback()) << uri;
  }
}

std::string layer_json(const std::string& type, char digit) {
  return R"({"mediaType": ")" + type + R"(", "size": 3, "digest": "sha256:)" +
         std::string(64, digit) + R"("})";
}

std::string manifest_error(const std::string& json) {
  const auto manifest = read_manifest(json);
  return manifest.ok() ? "" : manifest.error().error.message;
}

TEST(ImageManifestTest, TakesTheLastLayerOfAnImage) {
  for (const std::string type :
       {"application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar"}) {
    const auto manifest = read_manifest(R"({"layers": [)" + layer_json(type, 'a') + ", " +
                                        layer_json(type, 'b') + "]}");
    ASSERT_TRUE(manifest.ok());
    const auto& layer = std::get<PluginLayer>(manifest.value());
    EXPECT_EQ(layer.form, PluginLayer::Form::Tar);
    EXPECT_EQ(layer.blob.digest, "sha256:" + std::string(64, 'b'));
    EXPECT_EQ(layer.blob.size, 3u);
  }
}

TEST(ImageManifestTest, TakesTheLayerThatIsAModule) {
  for (const std::string type :
       {"application/vnd.module.wasm.content.layer.v1+wasm", "application/wasm"}) {
    const auto manifest = read_manifest(R"({"layers": [)" + layer_json(type, 'a') + ", " +
                                        layer_json("application/json", 'b') + "]}");
    ASSERT_TRUE(manifest.ok());
    const auto& layer = std::get<PluginLayer>(manifest.value());
    EXPECT_EQ(layer.form, PluginLayer::Form::Wasm);
    EXPECT_EQ(layer.blob.digest, "sha256:" + std::string(64, 'a'));
  }
}

// One of a list; its digest is that digit.
std::string listed(char digit, const std::string& os, const std::string& architecture,
                   const std::string& more = "") {
  return R"({"size": 1, "digest": "sha256:)" + std::string(64, digit) +
         R"(", "platform": {"os": ")" + os + R"(", "architecture": ")" + architecture + R"("})" +
         more + "}";
}

// The digit of the one that is taken; what is wrong.
std::string taken_of(const std::vector<std::string>& images, const Digest& wanted = {}) {
  std::string list;
  for (const std::string& image : images) list += (list.empty() ? "" : ",") + image;
  const auto manifest = read_manifest(R"({"manifests": [)" + list + "]}", wanted);
  if (!manifest.ok()) return manifest.error().error.message;
  return std::get<Descriptor>(manifest.value()).digest.substr(7, 1);
}

TEST(ImageManifestTest, ChoosesAmongPlatforms) {
  const std::string wasm = listed('a', "wasip1", "wasm");
  const std::string amd64 = listed('b', "linux", "amd64");
  const std::string arm64 = listed('c', "linux", "arm64");
  EXPECT_EQ(taken_of({amd64, wasm}), "a");
  EXPECT_EQ(taken_of({wasm, amd64}), "a");
  EXPECT_EQ(taken_of({wasm}), "a");
  EXPECT_EQ(taken_of({arm64}), "c");
  EXPECT_EQ(taken_of({arm64, amd64}), "b");
  EXPECT_EQ(taken_of({wasm, amd64, arm64}, *parse_digest(std::string(64, 'c'))), "c");
  EXPECT_THAT(taken_of({arm64, listed('d', "linux", "riscv64")}),
              HasSubstr("none is for the architecture 'wasm' or for linux/amd64; push one"));
}

// What `docker buildx build --push` makes is a list of the image and of how it was made.
TEST(ImageManifestTest, AnAttestationIsNoImage) {
  const std::string image = listed('a', "linux", "arm64");
  EXPECT_EQ(taken_of({image, listed('b', "unknown", "unknown")}), "a");
  const std::string annotated =
      listed('b', "linux", "amd64",
             R"(, "annotations": {"vnd.docker.reference.type": "attestation-manifest"})");
  EXPECT_EQ(taken_of({annotated, image}), "a");
  EXPECT_THAT(taken_of({annotated}),
              HasSubstr("the list of images has none; push one whose layer"));
}

TEST(ImageManifestTest, RefusesWhatIsWrong) {
  const std::string tar = "application/vnd.oci.image.layer.v1.tar";
  for (const auto& [json, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "not a JSON object"},
           {"[]", "not a JSON object"},
           {"{}", "neither layers nor manifests"},
           {R"({"layers": {}})", "neither layers nor manifests"},
           {R"({"layers": []})", "no layers"},
           {R"({"layers": [1]})", "not an object"},
           {R"({"manifests": [1]})", "not an object"},
           {R"({"manifests": []})", "has none"},
           {R"({"layers": [{"mediaType": 1}]})", "neither a tar nor a wasm module"},
           {R"({"layers": [{"mediaType": ")" + tar + R"("}]})", "no sha256"},
           {R"({"layers": [{"mediaType": ")" + tar + R"(", "digest": "sha256:)" + kHex +
                R"(", "size": -1}]})",
            "without its size"},
           {R"({"layers": [)" + layer_json("application/wasm", 'a') + "," +
                layer_json("application/wasm", 'b') + "]}",
            "several layers"}}) {
    EXPECT_THAT(manifest_error(json), HasSubstr(why)) << json;
    // The server has answered, and is not what to look at.
    EXPECT_THAT(manifest_error(json), HasSubstr("; push ")) << json;
  }
}

TEST(ImageLayerTest, FindsThePlugin) {
  for (const char* name : {"plugin.wasm", "./plugin.wasm", "/plugin.wasm"}) {
    for (const bool compressed : {false, true}) {
      const std::string layer = make_layer({{"other", "1"}, {name, "code"}}, compressed);
      EXPECT_EQ(extract_plugin(layer, 1000).value(), "code") << name;
    }
  }
}

TEST(ImageLayerTest, RefusesWhatHoldsNone) {
  const auto error = [](const std::string& layer, uint64_t max = 1000) {
    const auto code = extract_plugin(layer, max);
    return code.ok() ? "" : code.error().error.message;
  };
  EXPECT_THAT(error(make_layer({{"dir/plugin.wasm", "code"}}, true)), HasSubstr("holds no file"));
  EXPECT_THAT(error("\x1f\x8b nonsense"), HasSubstr("not a tar"));
  EXPECT_THAT(error(std::string(2000, 'x')), HasSubstr("not a tar"));
  std::string cut = make_layer({{"plugin.wasm", std::string(5000, 'c')}}, false);
  cut.resize(2000);
  EXPECT_THAT(error(cut, 10'000), HasSubstr("not a tar"));
}

TEST(ImageLayerTest, UnpacksNoMoreThanIsAllowed) {
  const std::string zeros(1 << 20, '\0');
  for (const auto& files : {std::vector<test::LayerFile>{{"plugin.wasm", zeros}},
                            std::vector<test::LayerFile>{{"zeros", zeros}, {"plugin.wasm", "c"}}}) {
    const auto code = extract_plugin(make_layer(files, true), 1000);
    ASSERT_FALSE(code.ok());
    EXPECT_THAT(code.error().error.message, HasSubstr("unpacks to more than 1000 bytes"));
  }
}

// The header of the first file says another size, in the form that has no bound.
std::string declare_size(std::string tar, uint64_t size) {
  constexpr size_t kSize = 124;
  constexpr size_t kSum = 148;
  std::string field(12, '\0');
  field[0] = '\x80';
  for (size_t i = 0; i < 8; ++i) field[11 - i] = static_cast<char>(size >> (8 * i));
  tar.replace(kSize, field.size(), field);
  tar.replace(kSum, 8, 8, ' ');
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  std::string octal(6, '0');
  for (size_t i = 0; i < 6; ++i) octal[5 - i] = static_cast<char>('0' + ((sum >> (3 * i)) & 7));
  return tar.replace(kSum, 7, octal + '\0');
}

// A registry ended the process by a number.
TEST(ImageLayerTest, TakesNoMemoryForWhatIsDeclaredAlone) {
  const std::string layer = make_layer({{"plugin.wasm", "code"}}, false);
  ASSERT_EQ(extract_plugin(declare_size(layer, 4), UINT64_MAX).value(), "code");
  const auto code = extract_plugin(declare_size(layer, 1ull << 46), UINT64_MAX);
  ASSERT_FALSE(code.ok());
  EXPECT_THAT(code.error().error.message, HasSubstr("not a tar that can be read"));
}

TEST(ImageLayerTest, TakesNoMemoryForHoles) {
  std::string layer(1 << 20, '\0');
  size_t size = 0;
  archive* made = archive_write_new();
  archive_write_set_format_pax(made);
  ASSERT_EQ(archive_write_open_memory(made, layer.data(), layer.size(), &size), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "plugin.wasm");
  archive_entry_set_size(entry, int64_t{1} << 46);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_sparse_add_entry(entry, 0, 512);
  ASSERT_EQ(archive_write_header(made, entry), ARCHIVE_OK);
  const std::string start(512, 'c');
  ASSERT_EQ(archive_write_data(made, start.data(), start.size()), 512);
  archive_entry_free(entry);
  ASSERT_EQ(archive_write_close(made), ARCHIVE_OK);
  archive_write_free(made);
  layer.resize(size);
  const auto code = extract_plugin(layer, UINT64_MAX);
  ASSERT_FALSE(code.ok());
  EXPECT_THAT(code.error().error.message,
              HasSubstr("plugin.wasm in the layer is not a plain file"));
}

TEST(PullSecretTest, FindsTheRegistrysCredentials) {
  const std::string config = R"({"auths": {
    "https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="},
    "localhost:5000": {"username": "u", "password": "p:w"},
    "token.example.com": {"auth": "PHRva2VuPjo=", "identitytoken": "t"}}})";
  const auto hub = find_credentials(config, "docker.io");
  ASSERT_TRUE(hub.ok() && hub.value().has_value());
  EXPECT_EQ(hub.value()->user, "hub");
  EXPECT_EQ(hub.value()->password, "secret");
  const auto local = find_credentials(config, "localhost:5000").value();
  ASSERT_TRUE(local.has_value());
  EXPECT_EQ(basic_authorization(*local), "Basic dTpwOnc=");
  EXPECT_EQ(find_credentials(config, "token.example.com").value()->identity_token, "t");
  EXPECT_FALSE(find_credentials(config, "localhost:5001").value().has_value());
  EXPECT_TRUE(find_credentials(R"({"a": {"auth": "YTpi"}})", "a").value().has_value());
}

TEST(PullSecretTest, RefusesWhatIsNoneWithoutTellingIt) {
  for (const char* config :
       {"", "secret", "[]", R"({"auths": "secret"})", R"({"auths": {"a": "secret"}})",
        R"({"auths": {"a": {"auth": "secret"}}})", R"({"auths": {"a": {"auth": "c2VjcmV0"}}})"}) {
    const auto found = find_credentials(config, "a");
    ASSERT_FALSE(found.ok()) << config;
    EXPECT_THAT(found.error().message, ::testing::Not(HasSubstr("secret\"")));
    EXPECT_THAT(found.error().message, HasSubstr("it is a Docker config.json"));
  }
}

TEST(ChallengeTest, ReadsSeveral) {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.example.com/token?a=b,c", Service=registry, scope="a \"b\"", )"
      R"(Basic realm="r")");
  ASSERT_EQ(challenges.size(), 2u);
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].param("realm"), "https://auth.example.com/token?a=b,c");
  EXPECT_EQ(challenges[0].param("service"), "registry");
  EXPECT_EQ(challenges[0].param("scope"), "a \"b\"");
  EXPECT_EQ(challenges[1].scheme, "basic");
  EXPECT_EQ(challenges[1].param("missing"), "");
}

TEST(ChallengeTest, EndsWhereNothingMakesSense) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges("=x").empty());
  EXPECT_TRUE(parse_challenges("a=b").empty());
  EXPECT_EQ(parse_challenges("Basic realm=\"open").size(), 1u);
  EXPECT_EQ(parse_challenges("Negotiate").size(), 1u);
}

}  // namespace
}  // namespace weir::fetch
