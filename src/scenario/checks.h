#pragma once
// Compares messages, texts and calls with what is expected of them.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "abi/header_map.h"
#include "scenario/expectations.h"
#include "scenario/findings.h"
#include "scenario/http_exchange.h"
#include "scenario/http_flow.h"
#include "scenario/journal.h"

namespace weir::scenario {

bool fits(const TextExpectation& expected, std::string_view text);
// What the text is to be, for messages.
std::string describe(const TextExpectation& expected);

void check_fields(const FieldsExpectation& expected, const abi::HeaderList& fields,
                  Findings& findings);

// `whose` is "the request" or "the response"; nothing was seen of it where `seen` is null.
void check_message(const MessageExpectation& expected, const SeenMessage* seen,
                   std::string_view whose, Findings& findings);

void check_reply(const LocalReplyExpectation& expected, const SeenReply* seen, Findings& findings);

// The expected lines are there in their order, perhaps among others.
void check_logs(const std::vector<LogExpectation>& expected, const std::vector<SeenLog>& seen,
                Findings& findings);

// They are the same, one for one. `where` is of all of them.
void check_calls(const std::vector<CallExpectation>& expected,
                 const std::vector<std::shared_ptr<const SeenCall>>& seen, std::string_view where,
                 Findings& findings);

void check_callbacks(const std::vector<std::string>& expected, const std::vector<std::string>& seen,
                     std::string_view where, Findings& findings);

}  // namespace weir::scenario
