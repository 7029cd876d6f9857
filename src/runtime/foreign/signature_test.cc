#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "foreign.pb.h"
#include "runtime/foreign/foreign_fakes.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;
using test::FakePlugin;

// A key pair in the forms that plugins send.
struct KeyPair {
  std::string private_der, private_pem, public_der, public_pem;
};

template <typename Write>
std::string written(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(bio.get()), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

KeyPair make_key_pair(EVP_PKEY* made) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(made, EVP_PKEY_free);
  return {
      .private_der = written([&](BIO* to) { return i2d_PrivateKey_bio(to, key.get()); }),
      .private_pem = written([&](BIO* to) {
        return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
      }),
      .public_der = written([&](BIO* to) { return i2d_PUBKEY_bio(to, key.get()); }),
      .public_pem = written([&](BIO* to) { return PEM_write_bio_PUBKEY(to, key.get()); }),
  };
}

const KeyPair& rsa() {
  static const KeyPair pair = make_key_pair(EVP_RSA_gen(2048));
  return pair;
}

const KeyPair& ecdsa() {
  static const KeyPair pair = make_key_pair(EVP_EC_gen("P-256"));
  return pair;
}

class SignatureTest : public ::testing::Test {
 protected:
  weir::foreign::SignResult sign(const weir::foreign::Sign& wanted) {
    weir::foreign::SignResult answer;
    EXPECT_EQ(plugin.call("sign", wanted.SerializeAsString()), Status::Ok);
    EXPECT_TRUE(answer.ParseFromString(plugin.result));
    return answer;
  }

  std::string signature(const KeyPair& keys, const std::string& hash = "sha256") {
    weir::foreign::Sign wanted;
    wanted.set_hash_function(hash);
    wanted.set_private_key(keys.private_der);
    wanted.set_text("the text");
    const auto answer = sign(wanted);
    EXPECT_TRUE(answer.result()) << answer.error();
    return answer.signature();
  }

  static weir::foreign::VerifySignature verification(const KeyPair& keys,
                                                     const std::string& signature,
                                                     const std::string& hash = "sha256") {
    weir::foreign::VerifySignature wanted;
    wanted.set_hash_function(hash);
    wanted.set_public_key(keys.public_der);
    wanted.set_signature(signature);
    wanted.set_text("the text");
    return wanted;
  }

  weir::foreign::VerifySignatureResult verify(const weir::foreign::VerifySignature& wanted) {
    weir::foreign::VerifySignatureResult answer;
    EXPECT_EQ(plugin.call("verify_signature", wanted.SerializeAsString()), Status::Ok);
    EXPECT_TRUE(answer.ParseFromString(plugin.result));
    EXPECT_EQ(answer.result(), answer.error().empty());
    return answer;
  }

  FakePlugin plugin;
};

TEST_F(SignatureTest, VerifiesWhatItSignedWithEveryHashFunction) {
  for (const KeyPair* keys : {&rsa(), &ecdsa()}) {
    for (const char* hash : {"sha1", "sha224", "sha256", "sha384", "sha512", "SHA256"}) {
      const std::string made = signature(*keys, hash);
      EXPECT_TRUE(verify(verification(*keys, made, hash)).result()) << hash;
    }
  }
}

TEST_F(SignatureTest, TakesKeysAsPem) {
  weir::foreign::Sign wanted;
  wanted.set_hash_function("sha512");
  wanted.set_private_key_pem(ecdsa().private_pem);
  wanted.set_text("the text");
  const auto made = sign(wanted);
  ASSERT_TRUE(made.result()) << made.error();

  auto check = verification(ecdsa(), made.signature(), "sha512");
  check.clear_public_key();
  check.set_public_key_pem(ecdsa().public_pem);
  EXPECT_TRUE(verify(check).result());
}

TEST_F(SignatureTest, ReadsTheBytesThatEnvoyPluginsSend) {
  const std::string made = signature(ecdsa());
  ASSERT_LT(made.size(), 128u);
  ASSERT_LT(ecdsa().public_der.size(), 128u);
  auto field = [](char number, const std::string& bytes) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
  };
  const std::string arguments =
      field(1, "sha256") + field(2, ecdsa().public_der) + field(3, made) + field(4, "the text");
  ASSERT_EQ(plugin.call("verify_signature", arguments), Status::Ok);
  EXPECT_EQ(plugin.result, "\x08\x01");
}

TEST_F(SignatureTest, RefusesASignatureOfAnotherText) {
  auto check = verification(rsa(), signature(rsa()));
  check.set_text("another text");
  EXPECT_EQ(verify(check).error(), "the signature does not match");
}

TEST_F(SignatureTest, RefusesASignatureOfAnotherHashOrKey) {
  const std::string made = signature(rsa());
  EXPECT_FALSE(verify(verification(rsa(), made, "sha1")).result());
  EXPECT_FALSE(verify(verification(ecdsa(), made)).result());
  EXPECT_FALSE(verify(verification(rsa(), "")).result());
  EXPECT_FALSE(verify(verification(rsa(), std::string(10'000, 'x'))).result());
}

TEST_F(SignatureTest, NamesTheHashFunctionsThatThereAre) {
  EXPECT_EQ(verify(verification(rsa(), "x", "md5")).error(),
            "hash function 'md5' is not supported: use sha1, sha224, sha256, sha384 or sha512");
}

TEST_F(SignatureTest, TellsOfKeysThatCannotBeRead) {
  auto check = verification(rsa(), "x");
  for (size_t size = 1; size < rsa().public_der.size(); size += 7) {
    check.set_public_key(rsa().public_der.substr(0, size));
    EXPECT_FALSE(verify(check).result()) << size;
  }
  check.set_public_key(rsa().public_der + "more");
  EXPECT_EQ(verify(check).error(),
            "the key cannot be read: it is neither DER nor PEM, or is encrypted");
  check.clear_public_key();
  check.set_public_key_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
  EXPECT_FALSE(verify(check).result());
}

TEST_F(SignatureTest, RefusesAPrivateKeyInThePlaceOfAPublicOne) {
  auto check = verification(ecdsa(), signature(ecdsa()));
  check.set_public_key(ecdsa().private_der);
  EXPECT_FALSE(verify(check).result());
}

TEST_F(SignatureTest, AsksNobodyForAPassphrase) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  weir::foreign::Sign wanted;
  wanted.set_hash_function("sha256");
  wanted.set_private_key_pem(written([&](BIO* to) {
    const unsigned char secret[] = "secret";
    return PEM_write_bio_PrivateKey(to, key.get(), EVP_aes_128_cbc(), secret, 6, nullptr, nullptr);
  }));
  EXPECT_EQ(sign(wanted).error(),
            "the key cannot be read: it is neither DER nor PEM, or is encrypted");
}

TEST_F(SignatureTest, RefusesKeysOfOtherKinds) {
  const KeyPair keys = make_key_pair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_EQ(verify(verification(keys, "x")).error(),
            "the key is not supported: use RSA of at most 8192 bits, or a named elliptic curve");
}

TEST_F(SignatureTest, WantsOneFormOfTheKey) {
  auto check = verification(rsa(), "x");
  check.set_public_key_pem(rsa().public_pem);
  EXPECT_EQ(plugin.call("verify_signature", check.SerializeAsString()), Status::BadArgument);
  check.clear_public_key();
  check.clear_public_key_pem();
  EXPECT_EQ(plugin.call("verify_signature", check.SerializeAsString()), Status::BadArgument);
  EXPECT_EQ(plugin.call("sign", ""), Status::BadArgument);
}

TEST_F(SignatureTest, RefusesAnAbsurdlyLongKey) {
  auto check = verification(rsa(), "x");
  check.set_public_key(std::string((64 << 10) + 1, 'x'));
  EXPECT_EQ(plugin.call("verify_signature", check.SerializeAsString()), Status::BadArgument);
}

TEST_F(SignatureTest, RefusesArgumentsThatAreNoMessage) {
  EXPECT_EQ(plugin.call("verify_signature", "\xff"), Status::BadArgument);
  EXPECT_EQ(plugin.call("sign", "\x0a\x7f"), Status::BadArgument);
}

}  // namespace
}  // namespace weir::runtime::foreign
