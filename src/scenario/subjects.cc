#include "scenario/subjects.h"

namespace weir::scenario {
namespace {

using config::Place;

constexpr std::string_view kOfExchanges = "of steps http, answer and abort";

bool is_of_exchanges(Thing thing) {
  return thing == Thing::Request || thing == Thing::Response || thing == Thing::LocalReply;
}

Done check_absences(const Expectations& expect, Subject subject, const Place& at) {
  for (size_t i = 0; i < expect.none.size(); ++i) {
    const Thing thing = expect.none[i].thing;
    const Place here = at.field("none").item(i);
    if (is_of_exchanges(thing) && subject != Subject::Http) {
      return here.error("REQUEST, RESPONSE and LOCAL_REPLY are " + std::string(kOfExchanges) +
                        "; there is none here whatever happens");
    }
    if (thing == Thing::Bytes && subject != Subject::Tcp) {
      return here.error("BYTES are of a step tcp; there are none here whatever happens");
    }
  }
  return Unit{};
}

}  // namespace

Done check_subjects(const Expectations& expect, Subject subject, const Place& at) {
  const bool of_http = expect.request || expect.response || expect.local_reply ||
                       expect.route_cleared || expect.took;
  if (of_http && subject != Subject::Http) {
    return at.error("request, response, local_reply, route_cleared and took are " +
                    std::string(kOfExchanges));
  }
  if (expect.tcp && subject != Subject::Tcp) return at.field("tcp").error("is of a step tcp");
  if ((expect.reset || !expect.properties.empty()) && subject == Subject::Neither) {
    return at.error("reset and properties are of a stream");
  }
  return check_absences(expect, subject, at);
}

}  // namespace weir::scenario
