// `expr_create`, `expr_evaluate` and `expr_delete` in a build without expressions: plugins are told
// that there are no such functions.

#include "runtime/foreign/expressions.h"
#include "runtime/foreign/functions.h"

namespace weir::runtime {

Expressions::Expressions(const std::map<uint32_t, std::string>&) {}

namespace foreign {

using abi::Status;

Status expr_create(ForeignCaller&, std::string_view, std::string&) { return Status::NotFound; }
Status expr_evaluate(ForeignCaller&, std::string_view, std::string&) { return Status::NotFound; }
Status expr_delete(ForeignCaller&, std::string_view, std::string&) { return Status::NotFound; }

}  // namespace foreign
}  // namespace weir::runtime
