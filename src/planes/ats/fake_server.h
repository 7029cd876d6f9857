#pragma once
// A stand-in for Traffic Server behind its plugin API, for tests of what threads share: event
// threads, continuations with locks, transactions that come to their hooks, and transformations of
// responses. It does things in the orders that the server may do them in, at random.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "planes/ats/server_api.h"

// The API's own names.
// NOLINTBEGIN(readability-identifier-naming)
struct tsapi_mutex : std::enable_shared_from_this<tsapi_mutex> {
  std::recursive_mutex mutex;
};

struct tsapi_cont {
  virtual ~tsapi_cont() = default;

  TSEventFunc function = nullptr;
  std::shared_ptr<tsapi_mutex> lock;  // null: none
  void* data = nullptr;
  int pending = 0;  // events under way, guarded by the server's lock
  bool destroyed = false;
  // Of a transformation.
  bool closed = false;
  TSVIO input = nullptr;
  TSHttpTxn owner = nullptr;
};

struct tsapi_mbuffer {
  struct Field {
    std::string name, value;
    bool attached = true;
  };
  std::string method, scheme, host, path, query, params, reason;
  int status = 0;
  std::list<std::unique_ptr<Field>> fields;
};

struct tsapi_iobuffer {
  std::string bytes;
};

struct tsapi_vio {
  TSCont cont = nullptr;
  TSIOBuffer buffer = nullptr;
  int64_t todo_bytes = 0;  // in all
  int64_t done = 0;
};
// NOLINTEND(readability-identifier-naming)

namespace weir::ats_plane {

class FakeServer {
 public:
  struct Response {
    int status = 0;
    std::string body;
    bool aborted = false;
    std::map<std::string, std::string> fields;
  };

  // The process's, which stays when its threads have ended: continuations are its own.
  static FakeServer& get();

  void start(size_t threads);
  // Lets what has been scheduled for now happen, and ends the threads.
  void stop();

  void set_global_hook(TSCont hook) { global_hook_ = hook; }
  TSCont global_hook() const { return global_hook_; }
  // Starts a transaction on some thread. `on_end` is called there.
  void request(std::string path, std::function<void(const Response&)> on_end);

  // Thread: any.
  TSAction schedule(TSCont cont, TSEvent event, Milliseconds delay, TSEventThread thread);
  void cancel(TSAction action);
  // At once, or when the events that are under way have come.
  void destroy(TSCont cont);
  TSEventThread any_thread();
  uint32_t random(uint32_t below);

 private:
  struct Event;
  struct Thread;

  void run(Thread& thread);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::mt19937 random_{1};
  uint64_t next_event_ = 1;
  TSCont global_hook_ = nullptr;
};

}  // namespace weir::ats_plane

// NOLINTNEXTLINE(readability-identifier-naming)
struct tsapi_httptxn : tsapi_cont {
  enum class Stage : uint8_t {
    Begin,
    RequestHeaders,
    Origin,
    ServerResponse,
    Body,
    ClientResponse,
    Sending,
    Close
  };

  std::multimap<TSHttpHookID, TSCont> hooks;
  std::vector<TSCont> to_call;  // of the present hook
  TSHttpHookID hook = TS_HTTP_LAST_HOOK;
  TSEvent hook_event = TS_EVENT_NONE;
  Stage stage = Stage::Begin;
  bool waits = false;     // for a hook to let it go on
  bool inside = false;    // advance() is on the stack
  bool advances = false;  // and is to go on
  tsapi_mbuffer request, server_response, client_response;
  bool has_server_response = false;
  bool errs = false;         // it answers by itself
  bool shut = false;         // it does not answer
  void* argument = nullptr;  // of the plugin's own
  int error_status = 500;
  std::string error_body;

  TSCont transform = nullptr;
  std::string body, sent;  // what the origin gives, what the client gets
  size_t fed = 0;
  tsapi_iobuffer input_buffer;
  tsapi_vio input, output;
  bool output_begun = false;

  std::function<void(const weir::ats_plane::FakeServer::Response&)> on_end;

  void advance();
  void call_hooks(TSHttpHookID id, TSEvent event, Stage next);
  void respond_itself();
  void feed();
  void drain();
  void end();
};
