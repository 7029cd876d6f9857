#include "scenario/world_reader.h"

#include <algorithm>
#include <string_view>

#include "planes/common/field_rules.h"
#include "scenario/field_checks.h"
#include "scenario/field_readers.h"

namespace weir::scenario {
namespace {

using config::Place;

Result<Match> read_match(const v1::Match& match, const Place& at) {
  Match read;
  WEIR_TRY(check_method(match.method(), at));
  if (!match.method().empty()) read.headers.emplace_back(":method", match.method());
  if (!match.path().empty()) read.headers.emplace_back(":path", match.path());
  WEIR_TRY(auto headers, read_headers(match.headers(), at.field("headers")));
  read.headers.insert(read.headers.end(), headers.begin(), headers.end());
  WEIR_TRY(std::string body, read_text(match.body(), match.body_base64(), "body", at));
  if (!body.empty()) read.body = std::move(body);
  return read;
}

Result<GrpcAnswer> read_grpc(const v1::GrpcAnswer& answer, const Place& at) {
  WEIR_TRY(check_grpc_status(answer.status(), 0, at.field("status")));
  GrpcAnswer read{.status = answer.status(),
                  .status_message = answer.status_message(),
                  .keep_open = answer.keep_open()};
  WEIR_TRY(read.initial_metadata,
           read_headers(answer.initial_metadata(), at.field("initial_metadata")));
  WEIR_TRY(read.trailing_metadata,
           read_headers(answer.trailing_metadata(), at.field("trailing_metadata")));
  for (int i = 0; i < answer.replies_size(); ++i) {
    const v1::GrpcReply& reply = answer.replies(i);
    const Place here = at.field("replies").item(static_cast<size_t>(i));
    WEIR_TRY(const Milliseconds delay, read_duration(reply.delay(), here.field("delay")));
    read.replies.push_back(
        {.message = reply.has_message_base64() ? reply.message_base64() : reply.message(),
         .after_messages = reply.after_messages() == 0 ? 1 : reply.after_messages(),
         .delay = delay});
  }
  return read;
}

Result<Answer> read_answer(const v1::Answer& answer, const Place& at) {
  Answer read{.times = answer.times()};
  WEIR_TRY(read.when, read_match(answer.when(), at.field("when")));
  WEIR_TRY(read.delay, read_duration(answer.delay(), at.field("delay")));
  switch (answer.content_case()) {
    case v1::Answer::kResponse: {
      WEIR_TRY(read.content, read_response(answer.response(), at.field("response")));
      return read;
    }
    case v1::Answer::kGrpc: {
      WEIR_TRY(read.content, read_grpc(answer.grpc(), at.field("grpc")));
      return read;
    }
    case v1::Answer::kFailure:
      read.content = Breaks{answer.failure()};
      return read;
    case v1::Answer::kSilent:
      read.content = Silent{};
      return read;
    default:
      return at.error("says no answer: write response, grpc, failure or silent");
  }
}

// Of a request's headers, wherever they stand in the file.
Done check_targets(const std::vector<Field>& headers, const Place& path, const Place& authority) {
  const auto value_of = [&](std::string_view name) {
    const auto found = std::ranges::find(headers, name, &Field::first);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  };
  WEIR_TRY(check_target(value_of(":path"), value_of(":method"), path));
  const std::string_view host = value_of(":authority");
  if (host.empty() || planes::is_valid_target(host)) return Unit{};
  return authority.error(config::quote(host) +
                         " is no authority: it has a blank or a control "
                         "character");
}

template <typename M>
Done read(const M& from, const Place& at, World& world) {
  Names upstreams("upstream");
  for (int i = 0; i < from.upstreams_size(); ++i) {
    const v1::Upstream& upstream = from.upstreams(i);
    const Place here = at.field("upstreams").item(static_cast<size_t>(i));
    WEIR_TRY(upstreams.add(upstream.name(), here));
    if (upstream.unreachable() && upstream.answers_size() != 0) {
      return here.field("unreachable").error("there are answers, which none would get; keep one");
    }
    Upstream read{.unreachable = upstream.unreachable()};
    for (int k = 0; k < upstream.answers_size(); ++k) {
      WEIR_TRY(Answer answer, read_answer(upstream.answers(k),
                                          here.field("answers").item(static_cast<size_t>(k))));
      read.answers.push_back(std::move(answer));
    }
    world.upstreams.insert_or_assign(upstream.name(), std::move(read));
  }
  Names hosts("host");
  for (int i = 0; i < from.hosts_size(); ++i) {
    const v1::Host& host = from.hosts(i);
    const Place here = at.field("hosts").item(static_cast<size_t>(i));
    WEIR_TRY(hosts.add(host.name(), here));
    for (int k = 0; k < host.addresses_size(); ++k) {
      WEIR_TRY(
          check_address(host.addresses(k), here.field("addresses").item(static_cast<size_t>(k))));
    }
    world.hosts[host.name()] = {host.addresses().begin(), host.addresses().end()};
  }
  WEIR_TRY(check_keys(from.shared_data(), from.shared_data_base64(), "shared_data", at));
  for (const auto& [key, value] : from.shared_data()) world.shared_data[key] = value;
  for (const auto& [key, value] : from.shared_data_base64()) world.shared_data[key] = value;
  Names queues("queue");
  for (int i = 0; i < from.queues_size(); ++i) {
    const v1::Queue& queue = from.queues(i);
    const Place here = at.field("queues").item(static_cast<size_t>(i));
    WEIR_TRY(queues.add(queue.name(), here));
    WEIR_TRY(world.queues[queue.name()],
             read_pieces(queue.items(), queue.items_base64(), "items", here));
  }
  WEIR_TRY(Properties properties, read_properties(from.properties(), at.field("properties")));
  for (auto& [name, value] : properties) {
    world.properties.insert_or_assign(name, std::move(value));
  }
  return Unit{};
}

}  // namespace

Done read_world(const v1::Suite& suite, const Place& at, World& world) {
  return read(suite, at, world);
}

Done read_world(const v1::Scenario& scenario, const Place& at, World& world) {
  return read(scenario, at, world);
}

Result<Message> read_request(const v1::Request& request, const Place& at) {
  const auto or_else = [](const std::string& text, const char* usual) {
    return text.empty() ? std::string(usual) : text;
  };
  WEIR_TRY(check_method(request.method(), at));
  Message message;
  message.headers = {{":method", or_else(request.method(), "GET")},
                     {":scheme", "http"},
                     {":authority", or_else(request.authority(), "weir.test")},
                     {":path", or_else(request.path(), "/")}};
  WEIR_TRY(auto headers, read_headers(request.headers(), at.field("headers")));
  for (Field& field : headers) {
    // One that is written out takes the place of the usual one.
    std::erase_if(message.headers, [&](const Field& usual) {
      return usual.first == field.first && field.first.starts_with(':');
    });
  }
  message.headers.insert(message.headers.end(), headers.begin(), headers.end());
  WEIR_TRY(check_targets(message.headers, at.field(request.path().empty() ? "headers" : "path"),
                         at.field(request.authority().empty() ? "headers" : "authority")));
  WEIR_TRY(message.body, read_pieces(request.body(), request.body_base64(), "body", at));
  WEIR_TRY(message.trailers, read_headers(request.trailers(), at.field("trailers")));
  return message;
}

Result<Message> read_response(const v1::Response& response, const Place& at) {
  constexpr uint32_t kLeast = 200;
  constexpr uint32_t kMost = 599;
  Message message;
  const uint32_t status = response.status() == 0 ? kLeast : response.status();
  if (status < kLeast || status > kMost) {
    return at.field("status").error("is no final status, which is from 200 to 599");
  }
  message.headers = {{":status", std::to_string(status)}};
  WEIR_TRY(auto headers, read_headers(response.headers(), at.field("headers")));
  message.headers.insert(message.headers.end(), headers.begin(), headers.end());
  WEIR_TRY(message.body, read_pieces(response.body(), response.body_base64(), "body", at));
  WEIR_TRY(message.trailers, read_headers(response.trailers(), at.field("trailers")));
  return message;
}

}  // namespace weir::scenario
