#include "fetch/ca_file.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <system_error>

namespace weir::fetch {

Done check_ca_file(const std::string& file) {
  errno = 0;
  if (std::ifstream readable(file);
      !readable || readable.peek() == std::ifstream::traits_type::eof()) {
    const std::string why = errno == 0 ? "it is empty" : std::generic_category().message(errno);
    return Error{ErrorCode::Io,
                 "cannot read '" + file + "': " + why + "; name a file of certificates in PEM"};
  }
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(),
                                                                      X509_STORE_free);
  WEIR_CHECK(store != nullptr);
  const bool loaded = X509_STORE_load_file(store.get(), file.c_str()) == 1;
  ERR_clear_error();
  if (loaded) return Unit{};
  return Error{ErrorCode::BadConfig, "'" + file +
                                         "' holds no certificate in PEM; name a file of those to "
                                         "trust"};
}

}  // namespace weir::fetch
