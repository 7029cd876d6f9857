#include "module/file_kind.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/hex.h"

namespace weir::wasm {
namespace {

using namespace std::literals;

constexpr std::string_view kMagic = "\0asm"sv;

struct KnownFile {
  std::string_view prefix;
  std::string_view sentence;
};

// Files whose first bytes are theirs alone.
constexpr KnownFile kBinaryFiles[] = {
    {"\x1f\x8b"sv, "a gzip file, not a WebAssembly module; unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "a zstd file, not a WebAssembly module; unpack it first"},
    {"BZh"sv, "a bzip2 file, not a WebAssembly module; unpack it first"},
    {"\xfd"
     "7zXZ"sv,
     "an xz file, not a WebAssembly module; unpack it first"},
    {"PK\x03\x04"sv, "a zip archive, not a WebAssembly module; unpack it first"},
    {"\0aot"sv, "code compiled ahead of time by WAMR; give the .wasm file it was made from"},
    {"\x7f"
     "ELF"sv,
     "a native ELF file, not a WebAssembly module"},
    {"BC\xc0\xde"sv, "LLVM bitcode, not a WebAssembly module; link it first"},
    {"!<arch>"sv, "a static library, not a WebAssembly module; link it first"},
};

// Files of text, which may begin with white space and a byte order mark.
constexpr KnownFile kTextFiles[] = {
    {"("sv, "WebAssembly text (.wat), not a binary module; translate it with wat2wasm"},
    {";;"sv, "WebAssembly text (.wat), not a binary module; translate it with wat2wasm"},
    {"<"sv, "HTML or XML, not a WebAssembly module; is it a server's error page?"},
    {"{"sv, "JSON, not a WebAssembly module; is it an image manifest or a server's error?"},
    {"version https://git-lfs"sv,
     "a Git LFS pointer, not a WebAssembly module; run `git lfs pull`"},
    {"AGFzb"sv, "base64 text, not a WebAssembly module; decode it first"},
};

std::string_view skip_blanks(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf"sv)) text.remove_prefix(3);
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"sv), text.size()));
}

// Printable, on one line, and short; empty where the file is no text. Letters beyond ASCII are
// taken for text.
std::string first_words(std::string_view text) {
  constexpr size_t kShown = 24;
  constexpr size_t kLooked = 512;
  const auto is_no_text = [](char c) {
    return (c >= 0 && c < ' ' && std::string_view("\t\r\n").find(c) == std::string_view::npos) ||
           c == '\x7f';
  };
  if (std::ranges::any_of(text.substr(0, kLooked), is_no_text)) return "";
  std::string_view words = skip_blanks(text);
  words = words.substr(0, words.find_first_of("\t\r\n"));
  std::string shown(words.substr(0, kShown));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' '; }, '?');
  return shown + (words.size() > kShown ? "..." : "");
}

std::string first_bytes(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes.substr(0, kMagic.size())) append_hex(shown.append(" "), c);
  return shown;
}

bool is_tar(std::string_view text) { return text.size() > 262 && text.substr(257, 5) == "ustar"sv; }

std::string what_it_is(std::string_view text) {
  if (text.empty()) return "the file is empty";
  for (const KnownFile& known : kBinaryFiles) {
    if (text.starts_with(known.prefix)) return std::string(known.sentence);
  }
  for (const KnownFile& known : kTextFiles) {
    if (skip_blanks(text).starts_with(known.prefix)) return std::string(known.sentence);
  }
  if (is_tar(text)) return "a tar archive, not a WebAssembly module; unpack it first";
  if (kMagic.starts_with(text))
    return "truncated in the magic number at byte " + std::to_string(text.size());
  if (const std::string words = first_words(text); !words.empty()) {
    return "text, not a WebAssembly module: it begins with '" + words + "'";
  }
  return "not a WebAssembly module: it begins with the bytes" + first_bytes(text);
}

Error bad_module(std::string message) { return Error{ErrorCode::BadModule, std::move(message)}; }

}  // namespace

Done check_preamble(Bytes file) {
  const std::string_view text = as_text(file);
  if (!text.starts_with(kMagic)) return bad_module(what_it_is(text));
  if (file.size() < kPreambleBytes) {
    return bad_module("truncated in the version at byte " + std::to_string(file.size()));
  }
  // The second half is the layer: 0 for a module, 1 for a component.
  if (load<uint16_t>(file.data() + 6) == 1) {
    return bad_module(
        "a component, not a module; build the plugin as a core module (for Rust, wasm32-wasip1)");
  }
  const auto version = load<uint32_t>(file.data() + kMagic.size());
  if (version != 1) {
    return bad_module("WebAssembly version " + std::to_string(version) +
                      " at byte 4, only 1 is known");
  }
  return Unit{};
}

}  // namespace weir::wasm
