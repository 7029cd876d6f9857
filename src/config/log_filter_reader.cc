#include "config/log_filter_reader.h"

#include "base/suggestion.h"
#include "config/match_reader.h"
#include "config/response_flags.h"

namespace weir::config {
namespace {

namespace accesslog_v3 = envoy::config::accesslog::v3;

NumberComparison read_comparison(const accesslog_v3::ComparisonFilter& message) {
  NumberComparison comparison{.value = message.value().default_value()};
  if (message.op() == accesslog_v3::ComparisonFilter::GE)
    comparison.op = NumberComparison::Op::GreaterOrEqual;
  if (message.op() == accesslog_v3::ComparisonFilter::LE)
    comparison.op = NumberComparison::Op::LessOrEqual;
  return comparison;
}

template <typename Filters>
Result<std::vector<LogFilter>> read_list(const Filters& messages, const Place& at) {
  if (messages.size() < 2) return at.error("has to have at least two");
  std::vector<LogFilter> filters;
  for (int i = 0; i < messages.size(); ++i) {
    WEIR_TRY(LogFilter filter, read_log_filter(messages[i], at.item(static_cast<size_t>(i))));
    filters.push_back(std::move(filter));
  }
  return filters;
}

Result<ResponseFlagFilter> read_flags(const accesslog_v3::ResponseFlagFilter& message,
                                      const Place& at) {
  ResponseFlagFilter filter;
  for (int i = 0; i < message.flags_size(); ++i) {
    const std::string& name = message.flags(i);
    const auto flag = find_response_flag(name);
    if (!flag) {
      return at.field("flags")
          .item(static_cast<size_t>(i))
          .error(quote(name) + " is no response flag; " + suggest(name, response_flag_names()));
    }
    filter.flags |= *flag;
  }
  return filter;
}

Result<LogFilter> read_header(const accesslog_v3::HeaderFilter& message, const Place& at) {
  WEIR_TRY(HeaderMatch match, read_header_match(message.header(), at.field("header")));
  return LogFilter{std::move(match)};
}

GrpcStatusFilter read_statuses(const accesslog_v3::GrpcStatusFilter& message) {
  GrpcStatusFilter filter{.exclude = message.exclude()};
  for (int i = 0; i < message.statuses_size(); ++i) filter.statuses |= 1u << message.statuses(i);
  return filter;
}

}  // namespace

Result<LogFilter> read_log_filter(const accesslog_v3::AccessLogFilter& message, const Place& at) {
  switch (message.filter_specifier_case()) {
    case accesslog_v3::AccessLogFilter::kStatusCodeFilter:
      return LogFilter{
          StatusCodeFilter{read_comparison(message.status_code_filter().comparison())}};
    case accesslog_v3::AccessLogFilter::kDurationFilter:
      return LogFilter{DurationFilter{read_comparison(message.duration_filter().comparison())}};
    case accesslog_v3::AccessLogFilter::kNotHealthCheckFilter:
      return LogFilter{NotHealthCheckFilter{}};
    case accesslog_v3::AccessLogFilter::kAndFilter: {
      WEIR_TRY(auto filters,
               read_list(message.and_filter().filters(), at.field("and_filter").field("filters")));
      return LogFilter{AllOf{std::move(filters)}};
    }
    case accesslog_v3::AccessLogFilter::kOrFilter: {
      WEIR_TRY(auto filters,
               read_list(message.or_filter().filters(), at.field("or_filter").field("filters")));
      return LogFilter{AnyOf{std::move(filters)}};
    }
    case accesslog_v3::AccessLogFilter::kHeaderFilter:
      return read_header(message.header_filter(), at.field("header_filter"));
    case accesslog_v3::AccessLogFilter::kResponseFlagFilter: {
      WEIR_TRY(auto flags,
               read_flags(message.response_flag_filter(), at.field("response_flag_filter")));
      return LogFilter{flags};
    }
    case accesslog_v3::AccessLogFilter::kGrpcStatusFilter:
      return LogFilter{read_statuses(message.grpc_status_filter())};
    case accesslog_v3::AccessLogFilter::FILTER_SPECIFIER_NOT_SET:
      break;
  }
  return at.error("says no condition");
}

}  // namespace weir::config
