// `expr_create`, `expr_evaluate` and `expr_delete` in a build without expressions: plugins are told
// that there are no such functions.

#include "runtime/foreign/functions.h"

namespace weir::runtime::foreign {

using abi::Status;

Status expr_create(ForeignCaller&, std::string_view, std::string&) { return Status::NotFound; }
Status expr_evaluate(ForeignCaller&, std::string_view, std::string&) { return Status::NotFound; }
Status expr_delete(ForeignCaller&, std::string_view, std::string&) { return Status::NotFound; }

}  // namespace weir::runtime::foreign
