#include "planes/serve/log_condition.h"

#include <algorithm>
#include <string>

#include "planes/common/grpc_status.h"

namespace weir::serve {
namespace {

using runtime::Attribute;

int64_t number_of(const LogRecord& record, Attribute name, int64_t or_else) {
  const runtime::PropertyValue value = record.attribute(name);
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? or_else : *number;
}

bool compare(const config::NumberComparison& comparison, int64_t number) {
  switch (comparison.op) {
    case config::NumberComparison::Op::Equal:
      return number == comparison.value;
    case config::NumberComparison::Op::GreaterOrEqual:
      return number >= comparison.value;
    case config::NumberComparison::Op::LessOrEqual:
      return number <= comparison.value;
  }
  return false;
}

}  // namespace

// One condition after another, by its type.
struct LogCondition::Question {
  const LogCondition& condition;
  LogRecord& record;

  bool operator()(const config::StatusCodeFilter& filter) const {
    return compare(filter, number_of(record, Attribute::ResponseCode, 0));
  }
  bool operator()(const config::DurationFilter& filter) const {
    const LogTimes times = record.times();
    return compare(filter,
                   std::chrono::duration_cast<Milliseconds>(times.ended - times.started).count());
  }
  bool operator()(const config::NotHealthCheckFilter&) const { return true; }
  bool operator()(const config::AllOf&) const {
    return std::ranges::all_of(condition.parts_,
                               [&](const auto& part) { return part.met_by(record); });
  }
  bool operator()(const config::AnyOf&) const {
    return std::ranges::any_of(condition.parts_,
                               [&](const auto& part) { return part.met_by(record); });
  }
  bool operator()(const config::HeaderMatch&) const {
    static const abi::HeaderList kNone;
    const abi::HeaderList* headers = record.request_headers();
    return condition.header_->matches(headers == nullptr ? kNone : *headers);
  }
  bool operator()(const config::ResponseFlagFilter& filter) const {
    const auto flags = static_cast<uint64_t>(number_of(record, Attribute::ResponseFlags, 0));
    return filter.flags == 0 ? flags != 0 : (flags & filter.flags) != 0;
  }
  bool operator()(const config::GrpcStatusFilter& filter) const {
    const int64_t http = number_of(record, Attribute::ResponseCode, 0);
    const int64_t status = number_of(record, Attribute::ResponseGrpcStatus,
                                     planes::grpc_status_of(static_cast<uint32_t>(http)));
    const bool listed = status >= 0 && status < 32 && ((filter.statuses >> status) & 1) != 0;
    return listed != filter.exclude;
  }
};

LogCondition::LogCondition(const config::LogFilter& filter) : filter_(filter) {
  if (const auto* all = std::get_if<config::AllOf>(&filter.condition)) {
    for (const auto& part : all->filters) parts_.emplace_back(part);
  } else if (const auto* any = std::get_if<config::AnyOf>(&filter.condition)) {
    for (const auto& part : any->filters) parts_.emplace_back(part);
  } else if (const auto* header = std::get_if<config::HeaderMatch>(&filter.condition)) {
    header_ = std::make_shared<const HeaderMatcher>(*header);
  }
}

bool LogCondition::met_by(LogRecord& record) const {
  return std::visit(Question{*this, record}, filter_.condition);
}

}  // namespace weir::serve
