// Throws what the request's path names, and locks. `/WHAT` has no handler; `/caught/WHAT` has one,
// whose response header x-caught tells what came there. As a .wasm file both end the instance; as
// native code the first does.
// `/locks` answers by x-locks how many of its locks did what they are to do, `/lock-twice` locks a
// mutex again, `/memory` takes 64 MiB, piece by piece, `/stack/KIB` so much of the stack, and
// answers by x-intact whether the plugin's data is as before.

#include <algorithm>
#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <regex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy_wasm_intrinsics.h"

namespace shop {

class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Its std::exception is neither its only base nor its first.
struct Coded {
  virtual ~Coded() = default;
  int code = 7;
};
class CodedRefusal : public Coded, public Refusal {
 public:
  explicit CodedRefusal(const std::string& text) : Refusal(text + std::to_string(code)) {}
};

// Its std::exception is a virtual base.
class Late : public virtual std::exception {
 public:
  const char* what() const noexcept override { return "too late"; }
};
class VeryLate : public Coded, public Late {};

struct Bare {
  int number = 1;
};

}  // namespace shop

namespace {

struct Hidden : std::logic_error {
  Hidden() : std::logic_error("hidden") {}
};

void fail(const std::string& what) {
  if (what == "own") throw shop::Refusal("sold out");
  if (what == "coded") throw shop::CodedRefusal("code ");
  if (what == "virtual") throw shop::VeryLate();
  if (what == "hidden") throw Hidden();
  if (what == "bare") throw shop::Bare();
  if (what == "text") throw "no exception at all";
  if (what == "string") throw std::string("a text of its own");
  if (what == "number") throw 42;
  if (what == "at") std::vector<int>().at(3);
  if (what == "key") std::unordered_map<std::string, int>().at("key");
  if (what == "optional") std::optional<int>().value();
  if (what == "regex") std::regex("(");
  if (what == "function") std::function<void()>()();
  if (what == "system") throw std::system_error(std::make_error_code(std::errc::timed_out), "call");
  if (what == "stoi") std::stoi("seven");
  if (what == "again") {
    try {
      throw shop::Refusal("first");
    } catch (const std::exception&) {
      throw;
    }
  }
}

// How many of the things that are to hold do.
class Tally {
 public:
  void operator()(bool held) {
    if (held) ++count_;
    ++of_;
  }
  std::string text() const { return std::to_string(count_) + "/" + std::to_string(of_); }

 private:
  int count_ = 0;
  int of_ = 0;
};

std::mutex everywhere;
std::once_flag once;
int times = 0;

std::string locks() {
  Tally tally;
  {
    std::lock_guard<std::mutex> lock(everywhere);
    tally(!std::unique_lock<std::mutex>(everywhere, std::try_to_lock).owns_lock());
  }
  std::mutex mutex;
  std::timed_mutex timed;
  std::recursive_mutex recursive;
  std::recursive_timed_mutex recursive_timed;
  {
    std::scoped_lock both(mutex, timed, recursive_timed);
    tally(std::try_lock(recursive, mutex) == 1);
    tally(!timed.try_lock_for(std::chrono::nanoseconds(1)));
  }
  {
    std::scoped_lock one(recursive);
    std::lock_guard again(recursive);
    [[maybe_unused]] std::scoped_lock<> none;
  }
  std::lock(mutex, recursive);
  std::lock_guard first(mutex, std::adopt_lock);
  std::unique_lock second(recursive, std::adopt_lock);
  std::unique_lock<std::recursive_mutex> moved;
  moved = std::move(second);
  tally(moved && !second.owns_lock() && second.mutex() == nullptr);
  moved.unlock();
  tally(moved.try_lock());
  tally(moved.release() == &recursive);
  recursive.unlock();
  std::unique_lock late(timed, std::defer_lock);
  tally(!late.owns_lock() && late.try_lock_for(std::chrono::milliseconds(1)));

  std::shared_mutex shared;
  {
    std::shared_lock reader(shared);
    std::shared_lock<std::shared_mutex> other(shared);
    tally(!shared.try_lock());
  }
  {
    std::unique_lock writer(shared);
    tally(!shared.try_lock_shared());
  }
  std::shared_timed_mutex shared_timed;
  tally(shared_timed.try_lock_shared_for(std::chrono::milliseconds(1)));
  shared_timed.unlock_shared();

  std::condition_variable condition;
  condition.notify_all();
  std::mutex waited;
  std::unique_lock waiting(waited);
  condition.wait(waiting, [] { return true; });
  tally(condition.wait_for(waiting, std::chrono::nanoseconds(1)) == std::cv_status::timeout);
  tally(waiting.owns_lock());

  for (int i = 0; i < 3; ++i) std::call_once(once, [] { ++times; });
  tally(times == 1);
  tally(std::this_thread::get_id() != std::thread::id());
  tally(std::thread::hardware_concurrency() > 0 && !std::thread().joinable());
  return tally.text();
}

size_t much_memory() {
  constexpr size_t kPiece = 1 << 20;
  constexpr size_t kPieces = 64;
  std::vector<std::string> pieces;
  for (size_t i = 0; i < kPieces; ++i) pieces.emplace_back(kPiece, 'x');
  return pieces.size();
}

// Uses as much of the stack, and more. Each frame reads the one above, so that no two can be one.
__attribute__((noinline)) int take_stack(int kib, const volatile char* above) {
  volatile char frame[1024];
  frame[0] = static_cast<char>(above[0] + 1);
  return kib > 1 ? take_stack(kib - 1, frame) + frame[0] - above[0] : 1;
}

// Data as large as that stack may be.
std::array<volatile char, 300 << 10> data;

bool is_intact() {
  return std::all_of(data.begin(), data.end(), [](char each) { return each == 7; });
}

void lock_twice() {
  std::mutex mutex;
  mutex.lock();
  mutex.lock();
}

}  // namespace

class Throwing : public Context {
 public:
  explicit Throwing(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string path = getRequestHeader(":path")->toString();
    constexpr StringView kCaught = "/caught/";
    if (path == "/locks") {
      told_ = {"x-locks", locks()};
    } else if (path == "/memory") {
      told_ = {"x-pieces", std::to_string(much_memory())};
    } else if (path.rfind("/stack/", 0) == 0) {
      std::fill(data.begin(), data.end(), 7);
      const int taken = take_stack(std::stoi(path.substr(7)), data.data());
      told_ = {"x-intact", taken != 0 && is_intact() ? "yes" : "no"};
    } else if (path == "/lock-twice") {
      lock_twice();
    } else if (path.rfind(kCaught, 0) == 0) {
      try {
        fail(path.substr(kCaught.size()));
      } catch (const std::exception& thrown) {
        told_ = {"x-caught", thrown.what()};
      } catch (...) {
        told_ = {"x-caught", "something"};
      }
    } else {
      fail(path.substr(1));
    }
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    if (told_.first != nullptr) addResponseHeader(told_.first, told_.second);
    return FilterHeadersStatus::Continue;
  }

 private:
  std::pair<const char*, std::string> told_ = {nullptr, ""};
};

static RegisterContextFactory registered(CONTEXT_FACTORY(Throwing));

// A program may have the ABI's marker itself.
extern "C" PROXY_WASM_KEEPALIVE void proxy_abi_version_0_2_1() {}
