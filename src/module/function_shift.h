#pragma once
// Sections that name functions, written again for functions that have moved.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "module/limit_code.h"
#include "module/reader.h"
#include "module/writer.h"

namespace weir::wasm {

// All write a whole section's contents, or the entries where they are told how many. An index of
// what does not exist is an error: it could come to name what is added.
class FunctionShift {
 public:
  // `wrapped`: the functions that the host calls through a wrapper, in rising order. Both outlive
  // this.
  FunctionShift(const Additions& added, const std::vector<uint32_t>& wrapped)
      : added_(added), wrapped_(wrapped) {}

  // The index by which the host calls a function.
  uint32_t for_host(uint32_t function) const;

  // A constant expression, with its end.
  Done write_expression(Reader& in, Writer& out) const;

  Done write_globals(Reader& in, uint32_t count, Writer& out) const;
  Done write_exports(Reader& in, Writer& out) const;
  Done write_elements(Reader& in, Writer& out) const;
  Done write_names(Reader& in, Writer& out) const;

 private:
  Result<uint32_t> read_function(Reader& in) const;
  Done write_export(Reader& in, Writer& out) const;
  Done write_element_segment(Reader& in, Writer& out) const;
  Done write_named_functions(Reader& in, Writer& out, bool indirect) const;

  const Additions& added_;
  const std::vector<uint32_t>& wrapped_;
};

// Writes what lies between `begin` and the place of `in` as it is.
void copy_from(size_t begin, const Reader& in, Writer& out);

}  // namespace weir::wasm
