#pragma once
// One of the server's transactions on its way through the plugins of a set.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planes/ats/body_transform.h"
#include "planes/ats/client_facts.h"
#include "planes/ats/message_header.h"
#include "planes/ats/message_out.h"
#include "planes/ats/worker.h"
#include "planes/serve/exchange_maps.h"
#include "planes/serve/lane.h"
#include "planes/serve/plugin_stream.h"
#include "planes/serve/tls_info.h"

namespace weir::ats_plane {

// The server calls it at its hooks, and waits there until it is told to go on. Plugins work on
// copies of the headers; what they change is written into the server's. Requests pass the plugins
// in order, responses in reverse order, by the rules of serve::Lane.
//
// All of it happens on the thread that the transaction began on, its home: an event that comes on
// another thread is passed on to that. No callback of a plugin is made from inside another one:
// what a plugin asks for is kept, and done when the outermost event is about to return (settle(),
// then act()).
//
// Owns itself until the server's transaction has closed and every plugin has finished.
class Transaction final : public CallOwner, private serve::PluginChain {
 public:
  enum class Begin : uint8_t {
    Now,         // at the hook whose event it is, which waits for it
    AfterRemap,  // when the server comes there
  };

  // Thread: the server's, in one of the transaction's events.
  static void begin(const std::shared_ptr<PluginSet>& set, TSHttpTxn transaction, Begin when);
  ~Transaction();

  // While one of the server's calls is on the stack, which the object outlives.
  class Handler {
   public:
    explicit Handler(Transaction& transaction) : transaction_(transaction) {
      ++transaction_.handlers_;
    }
    ~Handler() { transaction_.end_handler(); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

   private:
    Transaction& transaction_;
  };

  TSEventThread home() const { return home_; }
  bool is_at_home() const { return TSEventThreadSelf() == home_; }

  // CallOwner
  void run(std::function<void()> event) override;
  std::shared_ptr<const CallTarget> find_target(std::string_view name) const override {
    return set_->generation().targets.find(name);
  }

  // For bodies, inside a Handler.
  void on_body_begins(runtime::Direction direction);
  void on_body(runtime::Direction direction, serve::Body data, bool ended);
  bool wants_pause(runtime::Direction direction) { return lane(direction).wants_pause(); }
  // The status of a response with these headers; the server's own where a plugin has taken it away.
  static int status_to_send(const abi::HeaderList& response);
  // A response with these headers has a body for the client, who may have asked by HEAD.
  bool client_takes_body(const abi::HeaderList& response) const;
  // Bytes that the server has for the client, which that has not taken. Of HTTP/2 it is not known.
  int64_t client_backlog() const;
  // Tells the server what is to be told. Nothing of the object is touched afterwards, but for a
  // Handler's end.
  void act();
  // Nothing of a body is to follow the response's headers, not even an end of chunks.
  void expect_no_body();
  // The server has given up the response's body.
  void on_response_truncated();

 private:
  class Entry;

  // Where the server waits.
  enum class Hook : uint8_t {
    None,
    RequestHeaders,
    ServerRequest,  // with a body that plugins have seen
    CacheLookup,
    ServerResponse,
    ClientResponse,
  };

  Transaction(std::shared_ptr<WorkerSet> set, TSHttpTxn transaction, TSCont continuation);

  // The last set of plugins that has begun with the server's transaction. Null: none, or it is not
  // known.
  static Transaction* last_set(TSHttpTxn transaction);
  static int on_event(TSCont continuation, TSEvent event, void* data);
  void handle(TSEvent event);
  void end_handler();

  // The client follows redirects of a request whose body is transformed: the server ends by an
  // assertion of its own where it sends one again. It decides before POST_REMAP whether it keeps
  // the body for that.
  static void follow_no_redirects(TSHttpTxn transaction);
  // While plugins hold the request's body, the origin's connection may be idle: the server would
  // end where it is for too long (HttpSM::handle_server_setup_error frees what the client is read
  // into).
  void suspend_origin_timeout();
  void resume_origin_timeout();
  // The server sends a request whose body is transformed to one origin, once: it would open the
  // transformation again, which has been closed.
  static void try_once(TSHttpTxn transaction);
  // This set of plugins, or one before it, has laid a transformation in the request's way.
  bool is_request_transformed() const;
  void on_request();
  void on_server_request();
  void on_cache_lookup();
  void on_server_response();
  // An interim response to a request whose body is transformed: the server would wait for that body
  // a second time (HttpSM::tunnel_handler_100_continue), and end when the client does.
  void drop_interim_response();
  void restore_version();
  void on_client_response();
  // For attributes: the server, or another plugin, has made the response.
  void note_why_own();
  void on_close();

  runtime::PropertyValue attribute_of_server(runtime::Attribute attribute) const;
  runtime::PropertyValue known_upstream_tls(runtime::Attribute attribute) const;

  // serve::PluginChain
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(size_t plugin, abi::MapType type) override;
  serve::Body* body(size_t plugin, runtime::Direction direction) override;
  void on_resumes() override;
  bool reply(serve::LocalReply reply) override;
  void reset(std::string_view reason, serve::ResponseFlag flag) override;
  void fail(serve::LocalReply reply) override;
  void blame(size_t) override {}
  // The server chooses the route when the request has passed, whatever was asked before.
  void clear_route_cache() override {}
  void on_plugin_finished() override;

  std::span<serve::PluginStream> plugins() const { return {plugins_.get(), set_->count()}; }
  serve::Lane& lane(runtime::Direction direction) {
    return direction == runtime::Direction::Request ? request_ : response_;
  }
  bool sees_body(runtime::Direction direction) const;
  // The response's body is to pass by here, be it to be dropped for a client that has asked by
  // HEAD.
  bool transforms_response() const {
    return sees_body(runtime::Direction::Response) || traits_.is_head;
  }
  // Some plugin holds the message, and wants no body before it has resumed it.
  bool is_held(runtime::Direction direction) const;
  // A reply of the plugins' own is whole, and waits for a hook at which it can be sent.
  bool is_replying() const { return is_reply_ && response_out_.ended(); }

  // The response as the sets that began before have made it by now, where it has come to them, and
  // else as it was read. At a hook the server calls sets in that order, and bodies take it, too.
  abi::HeaderList as_passed_on(abi::HeaderList read) const;
  // The response's headers pass the plugins. `may_have_body`: as far as the transformation brings
  // one.
  void start_response(abi::HeaderList headers, bool may_have_body);
  // The server sends a body with a response that it has with this status: it goes by the request's
  // method as plugins have left it.
  bool has_response_body(int status) const;
  // The server goes where an origin's response of that status points to.
  bool is_to_be_followed(int status) const;
  // The server may answer an origin's response of that status, to a question whether what the
  // cache has is still true, by what the cache has.
  bool may_serve_stale(int status) const;
  // `status` is that of the response whose body it is for.
  void add_response_transform(int status);
  // Where plugins have made a message without a body of one with a body: takes that away.
  void drop_body_if_unwanted();
  // Some set of plugins of the transaction has seen to it that no body follows the headers, or has
  // put its own in the place of the response.
  bool is_without_body() const;
  // What the server has made itself is what the cache had, which could not be asked for anew.
  bool serves_stale() const;
  // The server is about to send a body that the client does not expect.
  bool sends_unwanted_body() const;
  void go_on_without_body();
  // Makes the response's framing what its client expects by the method that it sent and the status
  // that it gets.
  void frame(const MessageHeader& client) const;
  // What is wrong with the request that plugins have made of `before`, and how that is answered.
  std::optional<serve::LocalReply> fault_of_request(const abi::HeaderList& before,
                                                    const abi::HeaderList& after) const;
  // True: something is, and it is answered for.
  bool refuses_request(const abi::HeaderList& after);

  // There is something to settle, perhaps outside of the server's events.
  void wake();
  void settle();
  // False: nothing waited.
  bool settle_one();
  void send_reply(serve::LocalReply reply);

  // Where the server waits for an origin, it comes to no hook: makes an end of that.
  void stop_waiting();
  // The response has begun, and does not go on: ends a client of HTTP/1.
  void end_client();

  // The parts of act() that tell the server to go on from where it waits, if it can.
  void act_on_request();
  void pass_request_on(const abi::HeaderList& headers);
  void act_on_response();
  void act_on_client_response();
  void act_without_hook();
  void change_client_response(const abi::HeaderList& headers);
  void go_on_with_reply();
  void replace_own_response();
  void set_reply_body();
  // Breaks off what the server does, without an answer.
  void shut_down();
  void go_on(TSEvent event);
  void finish();

  const std::shared_ptr<WorkerSet> set_;
  Worker& worker_;
  TSHttpTxn transaction_;  // null: closed
  TSCont continuation_;    // null: closed
  const TSEventThread home_;
  // The set before, of the same transaction: there until that is closed. Null: this is the first.
  const Transaction* const before_;

  MessageOut request_out_;
  MessageOut response_out_;
  const std::unique_ptr<serve::PluginStream[]> plugins_;
  serve::Lane request_;
  serve::Lane response_;
  serve::ExchangeMaps maps_;
  runtime::FilterState filter_state_;
  BodyTransform request_body_{*this, runtime::Direction::Request, request_out_};
  BodyTransform response_body_{*this, runtime::Direction::Response, response_out_};

  serve::RequestTraits traits_;
  abi::HeaderList request_shown_;   // as the server has them, but for what is not written yet
  abi::HeaderList response_shown_;  // as the plugins were given them
  bool has_request_body_ = false;
  bool has_response_body_ = false;            // the server's, or the cache's
  int made_status_ = 0;                       // of the client's response, before any set changed it
  std::optional<std::string> made_length_{};  // likewise

  std::optional<TSEvent> deferred_;  // came on another thread
  Hook hook_ = Hook::None;
  std::vector<std::function<void()>> tasks_;  // wait for the transaction's lock
  int handlers_ = 0;
  int entries_ = 0;
  bool woken_ = false;
  bool resumes_wait_ = false;
  std::optional<serve::LocalReply> reply_;  // waits
  bool is_reply_ = false;                   // response_out_ is the plugins' own
  bool reply_is_sent_ = false;              // and the server makes a response of it
  bool is_own_ = true;                      // the response is no origin's and no cache's
  bool version_is_lowered_ = false;         // the client's, see drop_interim_response()
  bool response_came_ = false;              // from an origin or the cache
  bool response_made_ = false;              // by the server, and it goes to the client
  bool reset_ = false;                      // waits
  bool over_ = false;                       // both messages have ended or broken off
  bool done_ = false;                       // waits to be destroyed

  // For attributes.
  Nanoseconds started_wall_{};
  Nanoseconds started_{};
  Nanoseconds ended_{};
  size_t request_headers_bytes_ = 0;
  std::string details_ = "via_upstream";
  uint32_t flags_ = 0;
  const ClientFacts client_;
  std::optional<TSMgmtInt> origin_timeout_;  // what it was, while it is suspended
  // Read when a plugin asks.
  mutable std::shared_ptr<const serve::TlsInfo> upstream_tls_;
  mutable TSVConn upstream_ = nullptr;  // whose it is; compared alone
};

}  // namespace weir::ats_plane
