#include "cli/new_plugin.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "base/own_file.h"
#include "base/printable.h"
#include "base/suggestion.h"
#include "cli/templates.h"
#include "cli/toolchains.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameSize = 64;
constexpr std::string_view kForAll = "all/";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Devices of Windows, whatever a file's name ends in; Go takes none as a part of a module's path.
bool is_device(std::string_view name) {
  if (name == "aux" || name == "con" || name == "nul" || name == "prn") return true;
  const bool is_port = name.starts_with("com") || name.starts_with("lpt");
  return is_port && name.size() == 4 && is_digit(name.back()) && name.back() != '0';
}

// What every language and HTTP take as it is.
Done check_name(std::string_view name) {
  const auto fits = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  const bool good = !name.empty() && name.size() <= kMaxNameSize && is_lower(name.front()) &&
                    std::ranges::all_of(name, fits) && name.back() != '-';
  if (is_device(name)) {
    return Error{ErrorCode::BadConfig, "the name '" + std::string(name) +
                                           "' is a device of Windows, and Go takes it for no "
                                           "module: choose another, as '" +
                                           std::string(name) + "-plugin'"};
  }
  if (good) return Unit{};
  return Error{ErrorCode::BadConfig,
               "the name '" + printable(name) +
                   "' is to be of small letters, digits and '-', at most " +
                   std::to_string(kMaxNameSize) +
                   " of them, to begin with a letter and not to end with '-'"};
}

Done check_language(std::string_view language) {
  const auto known = template_languages();
  if (std::ranges::find(known, language) != known.end()) return Unit{};
  return Error{ErrorCode::BadConfig, "there is no template for '" + std::string(language) + "'; " +
                                         suggest(language, known)};
}

Error failed(const fs::path& path, const std::error_code& code) {
  return Error{ErrorCode::Io, path.string() + ": " + code.message()};
}

Done check_folder(const fs::path& folder) {
  std::error_code code;
  if (!fs::exists(folder, code)) {
    if (!fs::is_symlink(folder, code)) return Unit{};
    return Error{ErrorCode::BadConfig, printable(folder.string()) +
                                           " is a link to what is not there: remove it, or choose "
                                           "another name, or --folder"};
  }
  const auto is_taken = [](const fs::directory_entry& entry) {
    return entry.path().filename() != ".git";  // of a repository that is to hold the plugin
  };
  const fs::directory_iterator entries(folder, code);
  if (!code && std::none_of(begin(entries), end(entries), is_taken)) return Unit{};
  return Error{ErrorCode::BadConfig,
               folder.string() + " is there already: choose another name, or --folder"};
}

void replace_all(std::string& text, std::string_view mark, std::string_view by) {
  for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
}

std::string filled(std::string_view text, const NewPlugin& plugin) {
  std::string identifier = plugin.name;
  std::ranges::replace(identifier, '-', '_');
  std::string out(text);
  replace_all(out, "@NAME@", plugin.name);
  replace_all(out, "@NAME_@", identifier);
  replace_all(out, "@SDK@", plugin.cpp_sdk.string());
  replace_all(out, "@TAKES@", toolchain_of(plugin.language).takes);
  return out;
}

// The template's path in the plugin's folder; empty where it is of another language.
std::string path_in_plugin(const Template& file, std::string_view language) {
  const size_t slash = file.path.find('/');
  const bool is_for_all = file.path.starts_with(kForAll);
  if (!is_for_all && file.path.substr(0, slash) != language) return {};
  std::string path(file.path.substr(slash + 1));
  // Files that tools of this repository would take as their own.
  return path == "gitignore" || path == "npmrc" ? "." + path : path;
}

Done write_file(const fs::path& path, const std::string& text) {
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  if (code) return failed(path.parent_path(), code);
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return failed(path, std::make_error_code(std::errc::io_error));
  return Unit{};
}

}  // namespace

std::vector<std::string> template_languages() {
  std::vector<std::string> languages;
  for (const Template& file : templates()) {
    if (file.path.starts_with(kForAll)) continue;
    const std::string language(file.path.substr(0, file.path.find('/')));
    if (std::ranges::find(languages, language) == languages.end()) languages.push_back(language);
  }
  return languages;
}

Result<std::vector<std::string>> write_new_plugin(const NewPlugin& plugin) {
  WEIR_TRY(check_language(plugin.language));
  WEIR_TRY(check_name(plugin.name));
  WEIR_TRY(check_folder(plugin.folder));
  std::vector<std::string> written;
  for (const Template& file : templates()) {
    std::string path = path_in_plugin(file, plugin.language);
    if (path.empty()) continue;
    WEIR_TRY(write_file(plugin.folder / path, filled(file.text, plugin)));
    written.push_back(std::move(path));
  }
  std::ranges::sort(written);
  return written;
}

std::filesystem::path find_cpp_sdk() {
  const fs::path bin = own_file().parent_path();
  // PREFIX/bin, build/bin, build/debug/bin.
  for (const char* way : {"../share/weir/sdk/cpp", "../../sdk/cpp", "../../../sdk/cpp"}) {
    std::error_code code;
    fs::path found = fs::canonical(bin / way, code);
    if (!code && fs::exists(found / "weir-cxx", code)) return found;
  }
  return {};
}

}  // namespace weir::cli
