#include "abi/call_text.h"

#include <algorithm>
#include <array>

#include "abi/callbacks.h"
#include "abi/hostcall.h"
#include "base/hex.h"

namespace weir::abi {
namespace {

using engine::Memory;
using engine::Slots;

constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info",
                                                  "warn",  "error", "critical"};
constexpr std::array<std::string_view, 8> kMaps{
    "RequestHeaders",      "RequestTrailers",      "ResponseHeaders",     "ResponseTrailers",
    "GrpcInitialMetadata", "GrpcTrailingMetadata", "CallResponseHeaders", "CallResponseTrailers"};
constexpr std::array<std::string_view, 9> kBuffers{
    "RequestBody", "ResponseBody",    "DownstreamData",      "UpstreamData", "CallResponseBody",
    "GrpcMessage", "VmConfiguration", "PluginConfiguration", "CallData"};
constexpr std::array<std::string_view, 4> kStreams{"Request", "Response", "Downstream", "Upstream"};
constexpr std::array<std::string_view, 3> kMetrics{"Counter", "Gauge", "Histogram"};

constexpr std::array<std::string_view, 5> kHeadersActions{
    "Continue", "StopIteration", "ContinueAndEndStream", "StopAllIterationAndBuffer",
    "StopAllIterationAndWatermark"};
constexpr std::array<std::string_view, 4> kDataActions{
    "Continue", "StopIterationAndBuffer", "StopIterationAndWatermark", "StopIterationNoBuffer"};
constexpr std::array<std::string_view, 2> kActions{"Continue", "StopIteration"};

std::string name_in(std::span<const std::string_view> names, uint64_t value) {
  return value < names.size() ? std::string(names[value]) : std::to_string(value);
}

// What a callback's parameters after the context are called, and which actions it answers.
struct CallbackWords {
  std::string_view name;
  std::array<std::string_view, kMaxCallbackParams - 1> params;
  std::span<const std::string_view> actions = {};
};
constexpr std::array kWords{
    CallbackWords{"proxy_on_context_create", {"parent"}},
    CallbackWords{"proxy_on_vm_start", {"configuration_size"}},
    CallbackWords{"proxy_validate_configuration", {"configuration_size"}},
    CallbackWords{"proxy_on_configure", {"configuration_size"}},
    CallbackWords{"proxy_on_queue_ready", {"queue"}},
    CallbackWords{"proxy_on_new_connection", {}, kActions},
    CallbackWords{"proxy_on_downstream_data", {"bytes", "end_of_stream"}, kActions},
    CallbackWords{"proxy_on_upstream_data", {"bytes", "end_of_stream"}, kActions},
    CallbackWords{"proxy_on_downstream_connection_close", {"peer"}},
    CallbackWords{"proxy_on_upstream_connection_close", {"peer"}},
    CallbackWords{"proxy_on_request_headers", {"headers", "end_of_stream"}, kHeadersActions},
    CallbackWords{"proxy_on_request_body", {"bytes", "end_of_stream"}, kDataActions},
    CallbackWords{"proxy_on_request_trailers", {"trailers"}, kActions},
    CallbackWords{"proxy_on_request_metadata", {"entries"}, kActions},
    CallbackWords{"proxy_on_response_headers", {"headers", "end_of_stream"}, kHeadersActions},
    CallbackWords{"proxy_on_response_body", {"bytes", "end_of_stream"}, kDataActions},
    CallbackWords{"proxy_on_response_trailers", {"trailers"}, kActions},
    CallbackWords{"proxy_on_response_metadata", {"entries"}, kActions},
    CallbackWords{"proxy_on_http_call_response", {"call", "headers", "body_size", "trailers"}},
    CallbackWords{"proxy_on_grpc_receive_initial_metadata", {"call", "headers"}},
    CallbackWords{"proxy_on_grpc_receive", {"call", "message_size"}},
    CallbackWords{"proxy_on_grpc_receive_trailing_metadata", {"call", "trailers"}},
    CallbackWords{"proxy_on_grpc_close", {"call", "status"}},
    CallbackWords{"proxy_on_foreign_function", {"function", "arguments_size"}},
    CallbackWords{"envoy_on_resolve_dns", {"token", "result_size"}},
};

const CallbackWords* words_of(std::string_view function) {
  const auto* found = std::ranges::find(kWords, function, &CallbackWords::name);
  return found == kWords.end() ? nullptr : found;
}

std::string bytes_at(uint64_t address, uint64_t size, Memory memory) {
  if (size == 0) return "\"\"";
  const std::byte* bytes = memory.at(address, size);
  if (bytes == nullptr) {
    return "(" + std::to_string(size) + " bytes at " + std::to_string(address) +
           ", outside the memory)";
  }
  return quoted_bytes({bytes, size});
}

std::string pairs_at(uint64_t address, uint64_t size, Memory memory) {
  const std::byte* bytes = size == 0 ? nullptr : memory.at(address, size);
  if (bytes == nullptr) return size == 0 ? "{}" : bytes_at(address, size, memory);
  std::string text;
  const bool ok = decode_map({bytes, size}, [&](std::string_view name, std::string_view value) {
    if (!text.empty()) text += ", ";
    text.append(name).append(": ").append(quoted_bytes(as_bytes(value)));
    return true;
  });
  return ok ? "{" + text + "}" : "(malformed map) " + bytes_at(address, size, memory);
}

uint64_t word_at(uint64_t address, Memory memory) {
  const std::byte* at = memory.at(address, memory.word_bytes());
  if (at == nullptr) return 0;
  return memory.word_bytes() == 8 ? load<uint64_t>(at) : load<uint32_t>(at);
}

bool is_written_by_host(ParamKind kind) { return kind >= ParamKind::Out32; }

std::string param_text(ParamKind kind, const uint64_t* slots, Memory memory) {
  const uint64_t value = slots[0];
  const auto narrow = static_cast<uint32_t>(value);
  switch (kind) {
    case ParamKind::SignedNumber:
      // A 32-bit one is zero-extended in its slot.
      return std::to_string(value <= UINT32_MAX ? int64_t{static_cast<int32_t>(narrow)}
                                                : static_cast<int64_t>(value));
    case ParamKind::Context:
      return "context " + std::to_string(narrow);
    case ParamKind::EndOfStream:
      return narrow == 0 ? "end_of_stream 0" : "end_of_stream 1";
    case ParamKind::Level:
      return name_in(kLevels, narrow);
    case ParamKind::Map:
      return name_in(kMaps, narrow);
    case ParamKind::Buffer:
      return name_in(kBuffers, narrow);
    case ParamKind::Stream:
      return name_in(kStreams, narrow);
    case ParamKind::Metric:
      return name_in(kMetrics, narrow);
    case ParamKind::Bytes:
      return bytes_at(slots[0], slots[1], memory);
    case ParamKind::Pairs:
      return pairs_at(slots[0], slots[1], memory);
    default:
      return std::to_string(value);
  }
}

// What the host has written there.
std::string written_text(const Hostcall& call, ParamKind kind, const uint64_t* slots,
                         Memory memory) {
  if (kind == ParamKind::Value) {
    const uint64_t address = word_at(slots[0], memory);
    const uint64_t size = word_at(slots[1], memory);
    return call.name == "proxy_get_header_map_pairs" ? pairs_at(address, size, memory)
                                                     : bytes_at(address, size, memory);
  }
  if (kind == ParamKind::OutWord) return std::to_string(word_at(slots[0], memory));
  const size_t size = kind == ParamKind::Out32 ? sizeof(uint32_t) : sizeof(uint64_t);
  const std::byte* at = memory.at(slots[0], size);
  if (at == nullptr) return "?";
  return std::to_string(size == sizeof(uint32_t) ? load<uint32_t>(at) : load<uint64_t>(at));
}

// What fd_write is to write: the bytes that its `count` pairs of an address and a size name, one
// behind the other. Of more pairs than fd_write takes, the first.
std::string written_at(uint64_t pairs, uint64_t count, Memory memory) {
  constexpr uint64_t kMaxPairs = 1024;
  constexpr uint64_t kShownBytes = 200;
  std::string text;
  uint64_t total = 0;
  for (uint64_t i = 0; i < std::min(count, kMaxPairs); ++i) {
    const uint64_t pair = pairs + i * 2 * memory.word_bytes();
    const uint64_t address = word_at(pair, memory);
    const uint64_t size = word_at(pair + memory.word_bytes(), memory);
    const std::byte* bytes = memory.at(address, size);
    if (bytes == nullptr) return bytes_at(address, size, memory);
    text += as_text({bytes, std::min(size, kShownBytes - text.size())});
    total += size;
  }
  std::string quoted = quoted_bytes(as_bytes(text));
  if (total > text.size()) quoted += "... (" + std::to_string(total) + " bytes)";
  return quoted;
}

const Hostcall* row_of(const engine::Import& import) {
  bool name_known = false;
  return find_hostcall(import.module, import.name, import.signature, name_known);
}

std::string numbers(size_t count, Slots slots) {
  std::string text;
  for (size_t i = 0; i < count && i < slots.size(); ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(slots[i]);
  }
  return text;
}

}  // namespace

std::string quoted_bytes(Bytes bytes, size_t limit) {
  std::string text = "\"";
  for (const std::byte byte : bytes.first(std::min(limit, bytes.size()))) {
    const auto c = static_cast<unsigned char>(byte);
    if (c == '"' || c == '\\') {
      text.append("\\") += static_cast<char>(c);
    } else if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c < 0x7f) {
      text += static_cast<char>(c);
    } else {
      append_hex(text.append("\\x"), static_cast<char>(c));
    }
  }
  text += '"';
  if (bytes.size() > limit) text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

std::string hostcall_text(const engine::Import& import, Slots params, Memory memory) {
  std::string text(import.name);
  text += '(';
  const Hostcall* row = row_of(import);
  if (row == nullptr) return text + numbers(import.signature.params.size(), params) + ")";
  if (row->name == "fd_write") {
    return text + std::to_string(params[0]) + ", " + written_at(params[1], params[2], memory) + ")";
  }
  const uint64_t* next = params.data();
  bool first = true;
  for (const ParamKind kind : row->params) {
    if (!is_written_by_host(kind)) {
      if (!first) text += ", ";
      first = false;
      text += param_text(kind, next, memory);
    }
    next += slots_of(kind);
  }
  return text + ")";
}

std::string answer_text(const engine::Import& import, Slots params, Slots results, Memory memory) {
  if (import.signature.results.empty()) return "";
  const auto status = static_cast<uint32_t>(results[0]);
  const bool is_wasi = import.module != "env";
  std::string text =
      is_wasi ? std::to_string(status) : std::string(to_string(static_cast<Status>(status)));
  const Hostcall* row = row_of(import);
  if (row == nullptr || status != 0) return text;
  const uint64_t* next = params.data();
  for (const ParamKind kind : row->params) {
    if (is_written_by_host(kind)) text.append(", ").append(written_text(*row, kind, next, memory));
    next += slots_of(kind);
  }
  return text;
}

std::string callback_text(std::string_view function, Signature signature, Slots params) {
  std::string text(function);
  text += '(';
  const size_t count = std::min(signature.params.size(), params.size());
  if (!is_callback(function)) return text + numbers(count, params) + ")";
  const CallbackWords* words = words_of(function);
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) text += ", ";
    if (i == 0) {
      text += "context ";
    } else if (words != nullptr && i <= words->params.size() && !words->params[i - 1].empty()) {
      text.append(words->params[i - 1]) += ' ';
    }
    text += std::to_string(static_cast<uint32_t>(params[i]));
  }
  return text + ")";
}

std::string callback_answer_text(std::string_view function, Signature signature, Slots results) {
  if (signature.results.empty() || results.empty()) return "";
  const CallbackWords* words = words_of(function);
  const auto answer = static_cast<uint32_t>(results[0]);
  if (words != nullptr && !words->actions.empty()) return name_in(words->actions, answer);
  return std::to_string(results[0]);
}

bool is_callback(std::string_view function) {
  return std::ranges::find(kCallbacks, function, &CallbackType::name) != kCallbacks.end();
}

}  // namespace weir::abi
