// `verify_signature` and `sign`: RSA (PKCS #1 v1.5) and ECDSA signatures over a hash of a text.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/lower_case.h"
#include "foreign.pb.h"
#include "runtime/foreign/functions.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;

// A key's owner frees it.
template <auto release>
struct Releaser {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
using Bio = std::unique_ptr<BIO, Releaser<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;

// Keys beyond these take a host's time out of proportion.
constexpr size_t kMaxKeyBytes = 64 << 10;
constexpr int kMaxRsaBits = 8192;

const unsigned char* ssl_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Errors are told to the plugin; OpenSSL's queue of them, which belongs to the thread, stays empty.
class ErrorQueue {
 public:
  ErrorQueue() { ERR_clear_error(); }
  ~ErrorQueue() { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
};

// Null: no such hash function.
const EVP_MD* find_hash(std::string_view name) {
  const std::string lower = lower_case(name);
  if (lower == "sha1") return EVP_sha1();
  if (lower == "sha224") return EVP_sha224();
  if (lower == "sha256") return EVP_sha256();
  if (lower == "sha384") return EVP_sha384();
  if (lower == "sha512") return EVP_sha512();
  return nullptr;
}

// There is no passphrase, and nobody is asked for one: encrypted keys are refused.
int no_passphrase(char*, int, int, void*) { return -1; }

Key read_pem(std::string_view pem, decltype(&PEM_read_bio_PUBKEY) read) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(bio ? read(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
}

Key read_der(std::string_view der, decltype(&d2i_PUBKEY) read) {
  const unsigned char* at = ssl_bytes(der);
  Key key(read(nullptr, &at, static_cast<long>(der.size())));
  const bool whole = at == ssl_bytes(der) + der.size();
  return whole ? std::move(key) : nullptr;
}

EVP_PKEY* read_private_der(EVP_PKEY** key, const unsigned char** at, long size) {
  return d2i_AutoPrivateKey(key, at, size);
}

bool is_supported(const EVP_PKEY& key) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
      return EVP_PKEY_get_bits(&key) <= kMaxRsaBits;
    case EVP_PKEY_EC: {
      // A curve of the key's own making has no name.
      std::array<char, 64> curve;
      return EVP_PKEY_get_group_name(&key, curve.data(), curve.size(), nullptr) == 1;
    }
    default:
      return false;
  }
}

// A hash function and a key, or what is wrong with them.
struct Algorithm {
  const EVP_MD* hash = nullptr;
  Key key;
  std::string error;
};

Algorithm make_algorithm(const std::string& hash_function, Key key) {
  Algorithm algorithm;
  algorithm.hash = find_hash(hash_function);
  if (algorithm.hash == nullptr) {
    algorithm.error = "hash function '" + hash_function.substr(0, 64) +
                      "' is not supported: use sha1, sha224, sha256, sha384 or sha512";
  } else if (!key) {
    algorithm.error = "the key cannot be read: it is neither DER nor PEM, or is encrypted";
  } else if (!is_supported(*key)) {
    algorithm.error = "the key is not supported: use RSA of at most " +
                      std::to_string(kMaxRsaBits) + " bits, or a named elliptic curve";
  } else {
    algorithm.key = std::move(key);
  }
  return algorithm;
}

// Empty: the signature is the key's owner's.
std::string verification_error(const Algorithm& algorithm, std::string_view signature,
                               std::string_view text) {
  const DigestContext context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, algorithm.hash, nullptr,
                                       algorithm.key.get()) != 1) {
    return "the key cannot verify signatures with this hash function";
  }
  if (EVP_DigestVerify(context.get(), ssl_bytes(signature), signature.size(), ssl_bytes(text),
                       text.size()) != 1) {
    return "the signature does not match";
  }
  return "";
}

std::optional<std::string> make_signature(const Algorithm& algorithm, std::string_view text) {
  const DigestContext context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, algorithm.hash, nullptr, algorithm.key.get()) !=
          1 ||
      EVP_DigestSign(context.get(), nullptr, &size, ssl_bytes(text), text.size()) != 1) {
    return std::nullopt;
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     ssl_bytes(text), text.size()) != 1) {
    return std::nullopt;
  }
  signature.resize(size);
  return signature;
}

// Whether exactly one form of the key is there, and not an absurd one.
bool has_one_key(const std::string& der, const std::string& pem) {
  return der.empty() != pem.empty() && std::max(der.size(), pem.size()) <= kMaxKeyBytes;
}

}  // namespace

Status verify_signature(ForeignCaller&, std::string_view arguments, std::string& result) {
  weir::foreign::VerifySignature wanted;
  if (!wanted.ParseFromArray(arguments.data(), static_cast<int>(arguments.size())) ||
      !has_one_key(wanted.public_key(), wanted.public_key_pem())) {
    return Status::BadArgument;
  }

  const ErrorQueue errors;
  const Algorithm algorithm = make_algorithm(
      wanted.hash_function(), wanted.public_key().empty()
                                  ? read_pem(wanted.public_key_pem(), PEM_read_bio_PUBKEY)
                                  : read_der(wanted.public_key(), d2i_PUBKEY));
  const std::string error = algorithm.key
                                ? verification_error(algorithm, wanted.signature(), wanted.text())
                                : algorithm.error;

  weir::foreign::VerifySignatureResult answer;
  answer.set_result(error.empty());
  answer.set_error(error);
  return answer.SerializeToString(&result) ? Status::Ok : Status::SerializationFailure;
}

Status sign(ForeignCaller&, std::string_view arguments, std::string& result) {
  weir::foreign::Sign wanted;
  if (!wanted.ParseFromArray(arguments.data(), static_cast<int>(arguments.size())) ||
      !has_one_key(wanted.private_key(), wanted.private_key_pem())) {
    return Status::BadArgument;
  }

  const ErrorQueue errors;
  const Algorithm algorithm = make_algorithm(
      wanted.hash_function(), wanted.private_key().empty()
                                  ? read_pem(wanted.private_key_pem(), PEM_read_bio_PrivateKey)
                                  : read_der(wanted.private_key(), read_private_der));

  weir::foreign::SignResult answer;
  if (!algorithm.key) {
    answer.set_error(algorithm.error);
  } else if (std::optional<std::string> signature = make_signature(algorithm, wanted.text())) {
    answer.set_result(true);
    answer.set_signature(*std::move(signature));
  } else {
    answer.set_error("the key cannot sign with this hash function");
  }
  return answer.SerializeToString(&result) ? Status::Ok : Status::SerializationFailure;
}

}  // namespace weir::runtime::foreign
