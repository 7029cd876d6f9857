#include "runtime/foreign/expressions.h"

#include "base/bytes.h"
#include "runtime/foreign/attribute_type.h"
#include "runtime/foreign/cel/weir_cel.h"

namespace weir::runtime {
namespace {

using abi::Status;

// Answers the questions of one evaluation and takes its result.
class Evaluation {
 public:
  Evaluation(ForeignCaller& caller, std::string& result) : caller_(caller), result_(result) {}

  WeirCelHost host() {
    return {
        .context = this,
        .lookup =
            [](void* self, WeirCelBytes path, WeirCelBytes* value) {
              return static_cast<Evaluation*>(self)->lookup({path.data, path.size}, *value);
            },
        .result =
            [](void* self, WeirCelBytes value) {
              static_cast<Evaluation*>(self)->result_.assign(value.data, value.size);
            },
    };
  }

 private:
  WeirCelType lookup(std::string_view path, WeirCelBytes& value) {
    const Status status = caller_.context().get_property(path, [this](Bytes bytes) {
      value_ = as_text(bytes);
      return Status::Ok;
    });
    if (status != Status::Ok) return WeirCelType::None;
    value = {value_.data(), value_.size()};
    return foreign::attribute_type(path, caller_.filter_state());
  }

  ForeignCaller& caller_;
  std::string& result_;
  std::string value_;
};

}  // namespace

Status Expressions::create(std::string_view text, uint32_t& token) {
  if (text.empty() || text.size() > kMaxTextBytes) return Status::BadArgument;
  if (programs_.size() == kMaxCount) return Status::InternalFailure;
  Program program(weir_cel_compile({text.data(), text.size()}), weir_cel_free);
  if (!program) return Status::BadArgument;

  do ++last_token_;
  while (last_token_ == 0 || programs_.contains(last_token_));
  token = last_token_;
  programs_.emplace(token, std::move(program));
  return Status::Ok;
}

Status Expressions::evaluate(uint32_t token, ForeignCaller& caller, std::string& result) const {
  auto found = programs_.find(token);
  if (found == programs_.end()) return Status::NotFound;

  Evaluation evaluation(caller, result);
  const WeirCelHost host = evaluation.host();
  switch (weir_cel_evaluate(found->second.get(), &host)) {
    case WeirCelOutcome::Ok:
      return Status::Ok;
    case WeirCelOutcome::Failed:
      return Status::InternalFailure;
    case WeirCelOutcome::Unserializable:
      return Status::SerializationFailure;
  }
  return Status::InternalFailure;
}

}  // namespace weir::runtime
