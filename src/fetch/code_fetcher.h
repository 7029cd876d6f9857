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
#include <vector>

#include "base/file_cache.h"
#include "base/log.h"
#include "fetch/http_client.h"
#include "fetch/source.h"

namespace weir::fetch {

// What a program has one of. Code is looked for in the cache first. Whoever wants the same source
// while it is being fetched waits for the same try; sources that differ but have one hash are
// fetched one after the other, so that the second finds what the first brought. Thread: any.
class CodeFetcher {
 public:
  struct Parts {
    const FileCache* cache;  // null: none
    Logger& logger;
    HttpClient::Trust trust;
    size_t threads = 4;  // so many sources are fetched at once
  };
  // What `parts` refers to outlives it.
  explicit CodeFetcher(Parts parts);
  // Breaks off what is under way; whoever waits for it is told so, on this thread.
  ~CodeFetcher();

  // What is in the cache, at once.
  std::optional<std::string> find(const Source& source);

  // Calls `done`, on a thread of its own, when the code is there or has failed for good.
  using OnDone = std::function<void(const Result<std::string>&)>;
  void fetch(const Source& source, OnDone done);

  // The same, blocking. A stop ends the waiting, not the fetch.
  Result<std::string> wait_for(const Source& source, const std::stop_token& stop = {});

  // Answers at once, out of the cache. On a miss the code is fetched in the background, so that a
  // later try may find it; the error, NotFound, tells why the last such fetch failed.
  Result<std::string> find_or_start(const Source& source);

  // Waits until nothing is under way.
  void finish();

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
  struct Job {
    Source source;
    std::vector<OnDone> waiting;
    uint32_t tries = 0;
    Time due{};  // not to be tried before
    bool running = false;
  };

  std::optional<std::string> find_cached(const Source& source) const;
  void add(const Source& source, OnDone done);
  void run(const std::stop_token& stop);
  Fetched<std::string> obtain(const Source& source, HttpClient& http);
  // Ends the job, or has it tried again later.
  void settle(Job& job, Fetched<std::string> code, const std::stop_token& stop);
  // The next job to try; null once a stop is asked for.
  Job* take_job(const std::stop_token& stop);
  // Those below are called with mutex_ held.
  bool may_run(const Job& job) const;
  Job* find_due(Time now);
  std::optional<Time> next_due() const;

  const Parts parts_;
  Stats stats_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable idle_;
  std::list<Job> jobs_;                          // guarded by mutex_
  std::map<Digest, std::string> last_failures_;  // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace weir::fetch
