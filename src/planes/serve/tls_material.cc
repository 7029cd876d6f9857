#include "planes/serve/tls_material.h"

namespace weir::serve {
namespace {

// A file that an editor has written ends in a line break, which is no part of the password.
std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Result<TlsMaterial> read_tls_material(const config::Tls& tls,
                                      const std::filesystem::path& base_dir) {
  TlsMaterial material;
  for (const config::TlsCertificate& settings : tls.certificates) {
    TlsMaterial::Certificate& certificate = material.certificates.emplace_back();
    WEIR_TRY(certificate.chain, config::read_data(settings.chain, base_dir, "certificate_chain"));
    WEIR_TRY(certificate.key, config::read_data(settings.key, base_dir, "private_key"));
    if (settings.password) {
      WEIR_TRY(std::string password, config::read_data(*settings.password, base_dir, "password"));
      certificate.password = without_line_end(std::move(password));
    }
  }
  if (!tls.validation) return material;
  if (tls.validation->trusted_ca) {
    WEIR_TRY(material.trusted_ca,
             config::read_data(*tls.validation->trusted_ca, base_dir, "trusted_ca"));
  }
  if (tls.validation->crl) {
    WEIR_TRY(material.crl, config::read_data(*tls.validation->crl, base_dir, "crl"));
  }
  return material;
}

std::set<std::filesystem::path> tls_files(const config::Tls& tls,
                                          const std::filesystem::path& base_dir) {
  std::set<std::filesystem::path> files;
  for (const config::DataSource& source : sources_of(tls)) {
    if (const auto* file = std::get_if<config::LocalFile>(&source)) {
      files.insert((base_dir / file->path).lexically_normal());
    }
  }
  return files;
}

}  // namespace weir::serve
