// Threads, events and transactions of the FakeServer.

#include "planes/ats/fake_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

using weir::ats_plane::FakeServer;

// NOLINTNEXTLINE(readability-identifier-naming)
struct tsapi_event_thread {};
// NOLINTNEXTLINE(readability-identifier-naming)
struct tsapi_thread {};

namespace {
thread_local tsapi_event_thread* current = nullptr;
// What a thread that is none of the server's has been made known by.
thread_local TSThread made_known = nullptr;
}  // namespace

TSEventThread TSEventThreadSelf() { return current; }

TSThread TSThreadSelf() {
  return current == nullptr ? made_known : reinterpret_cast<TSThread>(current);
}
TSThread TSThreadInit() { return made_known = new tsapi_thread; }
void TSThreadDestroy(TSThread thread) {
  made_known = nullptr;
  delete thread;
}

namespace weir::ats_plane {

using Time = std::chrono::steady_clock::time_point;

struct FakeServer::Event {
  TSCont cont;
  TSEvent event;
  Time due;
  uint64_t number;
};

struct FakeServer::Thread : tsapi_event_thread {
  std::vector<Event> events;
  std::condition_variable wakes;
  std::thread thread;
  bool ends = false;
};

FakeServer& FakeServer::get() {
  static auto* server = new FakeServer;
  return *server;
}

void FakeServer::start(size_t threads) {
  for (size_t i = 0; i < threads; ++i) {
    Thread& thread = *threads_.emplace_back(std::make_unique<Thread>());
    thread.thread = std::thread([this, &thread] { run(thread); });
  }
}

void FakeServer::stop() {
  for (auto& thread : threads_) {
    const std::lock_guard lock(mutex_);
    thread->ends = true;
    thread->wakes.notify_one();
  }
  for (auto& thread : threads_) thread->thread.join();
}

TSEventThread FakeServer::any_thread() {
  const std::lock_guard lock(mutex_);
  return threads_[random_() % threads_.size()].get();
}

uint32_t FakeServer::random(uint32_t below) {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(random_()) % below;
}

TSAction FakeServer::schedule(TSCont cont, TSEvent event, Milliseconds delay,
                              TSEventThread thread) {
  auto& to = static_cast<Thread&>(*thread);
  const std::lock_guard lock(mutex_);
  ++cont->pending;
  const uint64_t number = next_event_++;
  to.events.push_back({cont, event, std::chrono::steady_clock::now() + delay, number});
  to.wakes.notify_one();
  return reinterpret_cast<TSAction>(number);
}

void FakeServer::cancel(TSAction action) {
  const std::lock_guard lock(mutex_);
  for (auto& thread : threads_) {
    const auto found =
        std::ranges::find(thread->events, reinterpret_cast<uint64_t>(action), &Event::number);
    if (found == thread->events.end()) continue;
    --found->cont->pending;
    thread->events.erase(found);
    return;
  }
}

void FakeServer::destroy(TSCont cont) {
  {
    const std::lock_guard lock(mutex_);
    cont->destroyed = true;
    if (cont->pending > 0) return;
  }
  delete cont;
}

void FakeServer::run(Thread& thread) {
  current = &thread;
  std::unique_lock lock(mutex_);
  while (true) {
    const auto next = std::ranges::min_element(thread.events, {}, &Event::due);
    const Time now = std::chrono::steady_clock::now();
    if (next == thread.events.end() || next->due > now) {
      if (thread.ends) return;
      if (next == thread.events.end()) {
        thread.wakes.wait(lock);
      } else {
        const Time due = next->due;
        thread.wakes.wait_until(lock, due);
      }
      continue;
    }
    Event event = *next;
    thread.events.erase(next);
    const std::shared_ptr<tsapi_mutex> held = event.cont->lock;
    lock.unlock();
    const bool locked = held == nullptr || held->mutex.try_lock();
    if (!locked) {  // As in the server it comes again.
      std::this_thread::yield();
      lock.lock();
      event.due = std::chrono::steady_clock::now();
      thread.events.push_back(event);
      continue;
    }
    if (!event.cont->destroyed) event.cont->function(event.cont, event.event, nullptr);
    lock.lock();
    const bool goes = --event.cont->pending == 0 && event.cont->destroyed;
    if (held != nullptr) held->mutex.unlock();
    if (goes) delete event.cont;
  }
}

void FakeServer::request(std::string path, std::function<void(const Response&)> on_end) {
  auto* txn = new tsapi_httptxn;
  txn->lock = std::make_shared<tsapi_mutex>();
  txn->function = [](TSCont cont, TSEvent, void*) {
    static_cast<tsapi_httptxn*>(cont)->advance();
    return 0;
  };
  txn->request.method = "GET";
  txn->request.host = "weir.test";
  txn->request.path = std::move(path);
  txn->body.assign(random(40'000), 'x');
  txn->on_end = std::move(on_end);
  schedule(txn, TS_EVENT_IMMEDIATE, Milliseconds(0), any_thread());
}

}  // namespace weir::ats_plane

using Stage = tsapi_httptxn::Stage;

void tsapi_httptxn::call_hooks(TSHttpHookID id, TSEvent event, Stage next) {
  hook = id;
  hook_event = event;
  stage = next;
  const auto [first, last] = hooks.equal_range(id);
  for (auto it = first; it != last; ++it) to_call.push_back(it->second);
  advances = true;
}

// Hooks are called one after the other, each when the one before has let the server go on, perhaps
// from inside of that.
void tsapi_httptxn::advance() {
  advances = true;
  if (std::exchange(inside, true)) return;
  while (std::exchange(advances, false) && !waits && !destroyed) {
    if (!to_call.empty()) {
      const TSCont next = to_call.front();
      to_call.erase(to_call.begin());
      waits = true;
      next->function(next, hook_event, this);
      continue;
    }
    auto& server = FakeServer::get();
    switch (stage) {
      case Stage::Begin:
        to_call.push_back(server.global_hook());
        hook_event = TS_EVENT_HTTP_READ_REQUEST_HDR;
        stage = Stage::RequestHeaders;
        advances = true;
        break;
      case Stage::RequestHeaders:
        if (errs || shut) {
          respond_itself();
          break;
        }
        call_hooks(TS_HTTP_CACHE_LOOKUP_COMPLETE_HOOK, TS_EVENT_HTTP_CACHE_LOOKUP_COMPLETE,
                   Stage::Origin);
        break;
      case Stage::Origin:
        stage = Stage::ServerResponse;
        if (errs || shut) {
          advances = true;
        } else {
          // The origin takes its time, and what comes then may come on another thread.
          server.schedule(this, TS_EVENT_IMMEDIATE, weir::Milliseconds(server.random(3)),
                          server.random(4) == 0 ? server.any_thread() : TSEventThreadSelf());
        }
        break;
      case Stage::ServerResponse:
        if (errs || shut) {
          respond_itself();
          break;
        }
        has_server_response = true;
        server_response.status = 200;
        server_response.fields.push_back(std::make_unique<tsapi_mbuffer::Field>(
            tsapi_mbuffer::Field{"Content-Length", std::to_string(body.size())}));
        call_hooks(TS_HTTP_READ_RESPONSE_HDR_HOOK, TS_EVENT_HTTP_READ_RESPONSE_HDR, Stage::Body);
        break;
      case Stage::Body:
        if (errs || shut) {
          respond_itself();
          break;
        }
        client_response.status = 200;
        if (transform != nullptr && !body.empty()) {
          feed();  // begin_output() goes on
          stage = Stage::ClientResponse;
          break;
        }
        sent = body;
        call_hooks(TS_HTTP_SEND_RESPONSE_HDR_HOOK, TS_EVENT_HTTP_SEND_RESPONSE_HDR, Stage::Close);
        break;
      case Stage::ClientResponse:
        if (shut) {
          end();
          break;
        }
        if (!output_begun) break;
        call_hooks(TS_HTTP_SEND_RESPONSE_HDR_HOOK, TS_EVENT_HTTP_SEND_RESPONSE_HDR, Stage::Sending);
        break;
      case Stage::Sending:
        if (errs || shut) {
          respond_itself();
          break;
        }
        drain();
        break;
      case Stage::Close:
        if (errs && hook == TS_HTTP_SEND_RESPONSE_HDR_HOOK &&
            client_response.status != error_status) {
          sent = error_body;
          client_response.status = error_status;
        }
        end();
        break;
    }
  }
  inside = false;
}

void tsapi_httptxn::respond_itself() {
  if (shut) return end();
  errs = false;
  client_response = {};
  client_response.status = error_status;
  sent = error_body;
  call_hooks(TS_HTTP_SEND_RESPONSE_HDR_HOOK, TS_EVENT_HTTP_SEND_RESPONSE_HDR, Stage::Close);
}

// The origin's bytes come to the transformation in pieces.
void tsapi_httptxn::feed() {
  if (input.cont == nullptr) {
    input.cont = new tsapi_cont;
    input.cont->lock = lock;
    input.cont->owner = this;
    input.cont->function = [](TSCont cont, TSEvent event, void*) {
      if (event == TS_EVENT_VCONN_WRITE_READY) cont->owner->feed();
      if (event == TS_EVENT_ERROR) {
        cont->owner->shut = true;
        cont->owner->advance();
      }
      return 0;
    };
    input.buffer = &input_buffer;
    input.todo_bytes = static_cast<int64_t>(body.size());
    transform->input = &input;
  }
  const size_t piece = std::min<size_t>(body.size() - fed, 1 + FakeServer::get().random(9000));
  input_buffer.bytes.append(body, fed, piece);
  fed += piece;
  FakeServer::get().schedule(transform, TS_EVENT_IMMEDIATE, weir::Milliseconds(0),
                             TSEventThreadSelf());
}

void tsapi_httptxn::drain() {
  const auto left = output.todo_bytes - output.done;
  const auto taken = std::min<int64_t>(left, static_cast<int64_t>(output.buffer->bytes.size()));
  sent.append(output.buffer->bytes, 0, static_cast<size_t>(taken));
  output.buffer->bytes.erase(0, static_cast<size_t>(taken));
  output.done += taken;
  if (output.done >= output.todo_bytes) {
    stage = Stage::Close;
    if (transform != nullptr)
      transform->function(transform, TS_EVENT_VCONN_WRITE_COMPLETE, &output);
    advances = true;
  } else if (taken > 0 && transform != nullptr) {
    FakeServer::get().schedule(transform, TS_EVENT_VCONN_WRITE_READY, weir::Milliseconds(0),
                               TSEventThreadSelf());
  }
}

void tsapi_httptxn::end() {
  if (hook != TS_HTTP_TXN_CLOSE_HOOK) {
    if (transform != nullptr) {
      TSCont gone = std::exchange(transform, nullptr);
      gone->closed = true;
      FakeServer::get().schedule(gone, TS_EVENT_IMMEDIATE, weir::Milliseconds(0),
                                 TSEventThreadSelf());
    }
    return call_hooks(TS_HTTP_TXN_CLOSE_HOOK, TS_EVENT_HTTP_TXN_CLOSE, Stage::Close);
  }
  FakeServer::Response response{client_response.status, sent, shut, {}};
  for (const auto& field : client_response.fields) {
    if (field->attached) response.fields[field->name] = field->value;
  }
  std::exchange(on_end, nullptr)(response);
  if (input.cont != nullptr) TSContDestroy(input.cont);
  destroyed = true;
  // It goes when whatever has led here has returned.
  FakeServer::get().schedule(this, TS_EVENT_IMMEDIATE, weir::Milliseconds(0), TSEventThreadSelf());
}
