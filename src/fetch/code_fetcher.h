#pragma once
// Fetches code, keeps it, and tries again.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file_cache.h"
#include "base/log.h"
#include "fetch/http_client.h"
#include "fetch/source.h"

namespace weir::fetch {

// What a program has one of. Code is looked for in the cache first. Whoever wants the same source
// while it is being fetched waits for the same try. Sources of one hash that differ in anything
// else are asked in turn, and beside one that has not answered for a while, so that none waits for
// a server that hangs; what one brings is everybody's who wants that hash and allows for its size.
// So a source has failed for good when all of its hash have. What nobody wants any more is broken
// off. Thread: any.
class CodeFetcher {
 public:
  struct Parts {
    const FileCache* cache;  // null: none
    Logger& logger;
    HttpClient::Trust trust;
    size_t max_threads = 32;  // so many sources are fetched at once; started when needed
    // What is fetched for a later try, and the cache does not take, is kept in memory up to this.
    size_t max_kept_bytes = 64u << 20;
    // So long what is under way goes on without anybody who wants it: whoever has let go of it may
    // be about to want it anew, as a configuration does that another takes the place of.
    Milliseconds linger{1000};
    // After so long, a source of the same hash is asked beside the one that is under way.
    Milliseconds beside{1000};
  };
  // What `parts` refers to outlives it.
  explicit CodeFetcher(Parts parts);
  // As end().
  ~CodeFetcher();

  // Breaks off what is under way; whoever waits for it is told so, on this thread, and whoever
  // wants something later, too. Returns when no thread of its own is left, within about a second.
  void end();

  // What is in the cache, at once.
  std::optional<std::string> find(const Source& source);

  // Calls `done`, on a thread of its own, when the code is there or has failed for good. `wanted`
  // is asked now and again, on any thread, and may not call this object: when nobody wants the code
  // any more, what is under way is broken off, and there is no further try, and perhaps no call of
  // `done`. Null: it is wanted to the end.
  using OnDone = std::function<void(const Result<std::string>&)>;
  using Wanted = std::function<bool()>;
  void fetch(const Source& source, OnDone done, Wanted wanted = nullptr);

  // The same, blocking. A stop ends the waiting, and soon the fetch, unless others want it.
  // So does `most`, once it is over.
  Result<std::string> wait_for(const Source& source, const std::stop_token& stop = {},
                               std::optional<Milliseconds> most = std::nullopt);

  // Answers at once, out of the cache. On a miss the code is fetched in the background, so that a
  // later try may find it; the error, NotFound, tells why the last such fetch failed. Tries in the
  // background end ten minutes after somebody has asked last.
  Result<std::string> find_or_start(const Source& source);

  // What became of what was fetched in the background.
  struct Background {
    size_t fetched = 0;
    // Why another process will not find all of it in the cache: a fetch has failed, or the cache
    // has not taken what it brought. Empty: it will.
    std::string failure;
  };
  // Waits until nothing is under way, or for the stop.
  Background finish(const std::stop_token& stop = {});
  // Waits for what find_or_start() has begun for the source, as long as one request may take.
  Background finish(const Source& source, const std::stop_token& stop = {});
  bool is_fetching();

  // Since the start. Thread: any.
  struct Stats {
    std::atomic<uint64_t> cache_hits = 0;
    std::atomic<uint64_t> cache_misses = 0;
    std::atomic<uint64_t> cache_negative_hits = 0;  // misses of what could not be fetched before
    std::atomic<uint64_t> fetch_successes = 0;
    std::atomic<uint64_t> fetch_failures = 0;  // tries, not sources
  };
  const Stats& stats() const { return stats_; }
  bool has_cache() const { return parts_.cache != nullptr; }
  size_t cache_entries() const { return parts_.cache == nullptr ? 0 : parts_.cache->count(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Waiting {
    OnDone done;
    Wanted wanted;
  };
  struct Job {
    Source source;
    std::vector<Waiting> waiting;
    Time background_until{};  // so long it is wanted by a later try
    uint32_t tries = 0;
    Time due{};  // not to be tried before
    bool running = false;
    Time began{};           // of the try that is running
    std::stop_source stop;  // of the try that is running
    // Since when nobody wants it; empty: somebody does.
    std::optional<Time> unwanted_since;
  };
  // A job whose tries are over, while other sources may bring its code.
  struct Failed {
    Source source;
    std::vector<Waiting> waiting;
    bool in_background;
    Error error;
  };
  // What is to be told without the lock.
  struct Answer {
    std::vector<Waiting> waiting;
    Result<std::string> code;
  };
  using Answers = std::vector<Answer>;

  // What the cache has not taken.
  struct Kept {
    Digest sha256;
    std::string code;
  };

  std::optional<std::string> find_cached(const Source& source);
  // The same, whatever its size.
  std::optional<std::string> find_kept(const Source& source);
  void keep(const Source& source, const std::string& code);
  void run(const std::stop_token& stop);
  // Ends what nobody wants, whether it runs or waits for a thread.
  void watch(const std::stop_token& stop);
  Fetched<std::string> obtain(const Source& source, HttpClient& http, const std::stop_token& stop);
  static void tell(const Answers& answers);
  // Ends the job, or has it tried again later.
  void settle(Job& job, Fetched<std::string> code);
  // The next job to try; null once a stop is asked for.
  Job* take_job(const std::stop_token& stop);
  // Those below are called with mutex_ held.
  Job& find_or_add(const Source& source);
  void start_thread_if_needed();
  void drop_unwanted(Time now, std::list<Job>& dropped);
  // The job is no more; if it runs, its thread lets go of it soon.
  void leave(std::list<Job>::iterator job, std::list<Job>& dropped);
  // Ends all that want what `source` has brought; `is_hashed`: it is code of that hash itself.
  Answers give(const Source& source, const std::string& code, bool is_hashed);
  void give_up(const Job& job, Error error);
  // Of failed_ those whose code nothing else may bring.
  Answers take_failed();
  void count_background(const Result<std::string>& code);
  static bool is_waiting(const Waiting& one);
  static bool is_wanted(const Job& job, Time at);
  const std::string* find_last_failure(const Source& source) const;
  void remember_failure(const Source& source, const std::string& why);
  Job* find_due(Time now);
  std::optional<Time> next_due() const;
  // Since when it may be tried: others of its hash may be under way.
  Time due_of(const Job& job) const;

  const Parts parts_;
  Stats stats_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable_any idle_;
  std::condition_variable_any watched_;  // there is something for watch()
  std::list<Job> jobs_;                  // guarded by mutex_
  std::list<Job> leaving_;               // running, for nobody; guarded by mutex_
  std::list<Failed> failed_;             // guarded by mutex_
  // Of sources by their uri and hash; guarded by mutex_.
  std::map<std::pair<std::string, Digest>, std::string> last_failures_;
  Background background_;              // without what was not kept; guarded by mutex_
  std::list<Kept> kept_;               // the newest first; guarded by mutex_
  std::string not_kept_;               // why the cache took no more; guarded by mutex_
  size_t idle_threads_ = 0;            // guarded by mutex_
  bool ending_ = false;                // guarded by mutex_
  std::vector<std::jthread> threads_;  // guarded by mutex_
  std::jthread watch_;                 // guarded by mutex_
};

}  // namespace weir::fetch
