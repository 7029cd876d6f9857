#include "runtime/foreign/expressions.h"

#include "base/bytes.h"
#include "base/check.h"
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

Expressions::Expressions(const std::map<uint32_t, std::string>& texts) {
  for (const auto& [token, text] : texts) {
    Program program{{weir_cel_compile({text.data(), text.size()}), weir_cel_free}, text};
    // It has been compiled before.
    WEIR_CHECK(program.code != nullptr);
    programs_.emplace(token, std::move(program));
    last_token_ = token;
  }
}

const Expressions::Program* Expressions::find(uint32_t token) const {
  const auto found = programs_.find(token);
  if (found != programs_.end()) return &found->second;
  if (inherited_ == nullptr || erased_.contains(token)) return nullptr;
  return inherited_->find(token);
}

Status Expressions::create(std::string_view text, uint32_t& token) {
  if (text.empty() || text.size() > kMaxTextBytes) return Status::BadArgument;
  if (programs_.size() == kMaxCount) return Status::InternalFailure;
  Program program{{weir_cel_compile({text.data(), text.size()}), weir_cel_free}, std::string(text)};
  if (!program.code) return Status::BadArgument;

  do ++last_token_;
  while (last_token_ == 0 || find(last_token_) != nullptr);
  token = last_token_;
  programs_.emplace(token, std::move(program));
  return Status::Ok;
}

Status Expressions::evaluate(uint32_t token, ForeignCaller& caller, std::string& result) const {
  const Program* program = find(token);
  if (program == nullptr) return Status::NotFound;

  Evaluation evaluation(caller, result);
  const WeirCelHost host = evaluation.host();
  switch (weir_cel_evaluate(program->code.get(), &host)) {
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
