// What the reader says of files that are no modules, or broken ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <string_view>

#include "module/module_bytes.h"
#include "module/module_info.h"

namespace weir::wasm {
namespace {

using ::testing::HasSubstr;

struct Malformed {
  std::string_view what;
  std::string bytes;
  std::string_view message;  // a part of it
};

std::string tar_file() {
  std::string file(512, '\0');
  file.replace(0, 11, "plugin.wasm").replace(257, 5, "ustar");
  return file;
}

const Malformed kOtherFiles[] = {
    {"an empty file", "", "the file is empty"},
    {"white space", " \n", "not a WebAssembly module: it begins with the bytes 20 0a"},
    {"bytes", "\1\2\3\4\5\6\7\10",
     "not a WebAssembly module: it begins with the bytes 01 02 03 04"},
    {"a text",
     "\nname: gr\xc3\xbc\xc3\x9f"
     "e\nmore: 1\n",
     "text, not a WebAssembly module: it begins with 'name: gr????e'"},
    {"a long text", "0123456789abcdefghijklmnop", "it begins with '0123456789abcdefghijklmn...'"},
    {"a PNG", "\x89PNG\r\n\x1a\n",
     "not a WebAssembly module: it begins with the bytes 89 50 4e 47"},
    {"a wat file", "(module)", "WebAssembly text"},
    {"a wat file with a comment", "\n;; plugin\n(module)", "translate it with wat2wasm"},
    {"an HTML page", "\xef\xbb\xbf\r\n<!doctype html>", "is it a server's error page?"},
    {"JSON", "{\"errors\":[]}", "is it an image manifest"},
    {"bzip2", "BZh91AY&SY", "a bzip2 file, not a WebAssembly module; unpack it first"},
    {"xz",
     "\xfd"
     "7zXZ\0"s,
     "an xz file, not a WebAssembly module; unpack it first"},
    {"gzip", "\x1f\x8b\x08\0"s, "a gzip file, not a WebAssembly module; unpack it first"},
    {"zstd", "\x28\xb5\x2f\xfd", "a zstd file"},
    {"zip", "PK\3\4", "a zip archive"},
    {"tar", tar_file(), "a tar archive"},
    {"ELF",
     "\x7f"
     "ELF\2\1\1",
     "a native ELF file"},
    {"bitcode", "BC\xc0\xde", "LLVM bitcode"},
    {"a static library", "!<arch>\n", "a static library"},
    {"WAMR's artifact", "\0aot\1"s, "compiled ahead of time by WAMR"},
    {"a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n", "run `git lfs pull`"},
    {"base64", "AGFzbQEAAAA=", "base64 text"},
    {"half a magic number", "\0as"s, "truncated in the magic number at byte 3"},
    {"no version", "\0asm"s, "truncated in the version at byte 4"},
    {"half a version", "\0asm\1\0\0"s, "truncated in the version at byte 7"},
    {"version 2", "\0asm\2\0\0\0"s, "WebAssembly version 2 at byte 4, only 1 is known"},
    {"a component", "\0asm\x0d\0\1\0"s, "a component, not a module"},
};

const Malformed kBrokenModules[] = {
    {"unknown section", kPreamble + section(14, ""), "unknown section 14 at byte 8"},
    {"no section size", kPreamble + "\1",
     "size of section 'type': an entry runs past the end at byte 9"},
    {"section size of six bytes", kPreamble + "\1\x80\x80\x80\x80\x80\0"s,
     "too many bytes at byte 9"},
    {"section size of 33 bits", kPreamble + "\1\xff\xff\xff\xff\x1f",
     "an integer of more than 32 bits at byte 9"},
    {"section beyond the file",
     kPreamble + "\2\x10"
                 "abc",
     "truncated in section 'import' at byte 13: the section has 16 bytes, the file 3 of them"},
    {"largest section", kPreamble + "\1\xff\xff\xff\xff\x0f", "has 4294967295 bytes, the file 0"},
    {"section twice", kPreamble + kEmptyType + kEmptyType,
     "section 'type' twice or out of order at byte 14"},
    {"sections out of order", kPreamble + function_section("\0"sv) + type_section("\0"sv),
     "section 'type' twice or out of order at byte 11"},
    {"tag section behind globals", kPreamble + section(6, "\0"sv) + section(13, "\0"sv),
     "section 'tag' twice or out of order at byte 11"},
    {"data count behind code", kPreamble + code_section("\0"sv) + section(12, "\0"sv),
     "section 'data count' twice or out of order"},
    {"custom section without a name", kPreamble + section(0, ""),
     "an entry runs past the end in section 'custom' at byte 10"},
    {"custom section with half a name", kPreamble + section(0, "\5abc"),
     "a name of 5 bytes with 3 left in section 'custom' at byte 10"},
    {"empty section", kPreamble + type_section(""),
     "an entry runs past the end in section 'type' at byte 10"},
    {"more types than bytes", kPreamble + type_section("\x05\x60\0\0"sv),
     "5 types cannot lie in the 3 bytes left in section 'type' at byte 10"},
    {"millions of types", kPreamble + type_section("\xff\xff\xff\xff\x0f"),
     "4294967295 types, more than the limit of 1000000"},
    {"more groups than types",
     kPreamble + type_section("\1\x4e\xff\xff\xff\1"
                              "abc"),
     "more than the limit"},
    {"type of no form", kPreamble + type_section("\1\x40"), "unknown form of type 0x40"},
    {"continuation of nothing", kPreamble + type_section("\1\x5d"),
     "an entry runs past the end in section 'type'"},
    {"subtype of no form", kPreamble + type_section("\1\x50\0\x50\0\x60\0\0"sv),
     "unknown form of type 0x50"},
    {"group within a group", kPreamble + type_section("\1\x4e\1\x4e\1\x60\0\0"sv),
     "unknown form of type 0x4e"},
    {"parameters beyond the section", kPreamble + type_section("\1\x60\5\x7f"),
     "5 parameters cannot lie in the 1 bytes left"},
    {"too many results", kPreamble + type_section("\1\x60\0\xe9\7"sv),
     "1001 results, more than the limit of 1000"},
    {"value type of no kind", kPreamble + type_section("\1\x60\1\x41\0"sv),
     "unknown value type 0x41 in section 'type' at byte 13"},
    {"endless heap type", kPreamble + type_section("\1\x60\1\x64\x80\x80\x80\x80\x80\0\0"sv),
     "an integer of too many bytes in section 'type' at byte 14"},
    {"heap type of 34 bits", kPreamble + type_section("\1\x60\1\x64\xff\xff\xff\xff\x1f\0"sv),
     "an integer of more than 33 bits"},
    {"bad mutability of a field", kPreamble + type_section("\1\x5e\x7f\2"), "bad mutability 0x02"},
    {"bytes behind the types", kPreamble + type_section("\1\x60\0\0?"sv),
     "1 bytes too many in section 'type' at byte 14"},
    {"import cut in its module",
     kPreamble + import_section("\1\x40"
                                "env"),
     "a name of 64 bytes with 3 left in section 'import' at byte 11"},
    {"import cut in its name", kPreamble + import_section("\1\3env\2f"),
     "a name of 2 bytes with 1 left in section 'import' at byte 15"},
    {"import of no kind", kPreamble + import_section("\1\0\0\5\0"sv),
     "unknown kind 0x05 of import or export in section 'import' at byte 13"},
    {"import of no type", kPreamble + kEmptyType + import_section("\1\0\0\0\1"sv),
     "type 1 is no function type in section 'import' at byte 20"},
    {"import cut in its limits", kPreamble + import_section("\1\0\0\2\1\1"sv),
     "an entry runs past the end in section 'import'"},
    {"too many imports", kPreamble + import_section(leb(100'001) + std::string(400'100, '\0')),
     "100001 imports, more than the limit of 100000"},
    {"function of no type", kPreamble + kEmptyType + function_section("\1\1"),
     "type 1 is no function type in section 'function' at byte 17"},
    {"more functions than bytes", kPreamble + kEmptyType + function_section("\3\0"sv),
     "3 functions cannot lie in the 1 bytes left"},
    {"functions without bodies", kPreamble + kEmptyType + function_section("\1\0"sv),
     "1 functions are declared, but the code section holds 0: is the file truncated?"},
    {"bodies without functions", kPreamble + code_section("\1\2\0\x0b"sv),
     "0 functions are declared, but the code section holds 1"},
    {"memory of unknown limits", kPreamble + memory_section("\1\x10\0"sv),
     "unknown limits 0x10 in section 'memory' at byte 11"},
    {"memory with a maximum below its minimum", kPreamble + memory_section("\1\1\2\1"),
     "a maximum below the minimum in section 'memory' at byte 11"},
    {"memory of more than 64 bits",
     kPreamble + memory_section("\1\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"),
     "an integer of more than 64 bits"},
    {"export of no kind", kPreamble + export_section("\1\1f\7\0"sv),
     "unknown kind 0x07 of import or export"},
    {"export of no function", kPreamble + export_section("\1\1f\0\0"sv),
     "function 0 does not exist in section 'export' at byte 14"},
    {"export of no memory", kPreamble + export_section("\1\6memory\2\0"sv),
     "memory 0 does not exist in section 'export' at byte 19"},
    {"exports cut", kPreamble + export_section("\2\1f\3\0\1"sv),
     "2 exports cannot lie in the 5 bytes left"},
    {"start of no function", kPreamble + start_section("\0"sv),
     "function 0 does not exist in section 'start' at byte 10"},
    {"bytes behind the start",
     kPreamble + kEmptyType + function_section("\1\0"sv) + start_section("\0\0"sv),
     "1 bytes too many in section 'start' at byte 21"},
    {"code section without a count", kPreamble + code_section(""),
     "an entry runs past the end in section 'code' at byte 10"},
};

class MalformedModuleTest : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedModuleTest, IsToldInOneSentence) {
  const Malformed& file = GetParam();
  const auto info = read_module(as_bytes(file.bytes));
  ASSERT_FALSE(info.ok()) << file.what;
  EXPECT_EQ(info.error().code, ErrorCode::BadModule) << file.what;
  EXPECT_THAT(info.error().message, HasSubstr(file.message)) << file.what;
}

std::string test_name(const ::testing::TestParamInfo<Malformed>& info) {
  std::string text;
  bool upper = true;
  for (const char c : info.param.what) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      text += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    }
    upper = c == ' ';
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(OtherFiles, MalformedModuleTest, ::testing::ValuesIn(kOtherFiles),
                         test_name);
INSTANTIATE_TEST_SUITE_P(BrokenModules, MalformedModuleTest, ::testing::ValuesIn(kBrokenModules),
                         test_name);

}  // namespace
}  // namespace weir::wasm
