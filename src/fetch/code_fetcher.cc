#include "fetch/code_fetcher.h"

#include <algorithm>
#include <future>
#include <random>

#include "base/bytes.h"
#include "base/shown_url.h"
#include "fetch/image_reference.h"
#include "fetch/registry_client.h"
#include "fetch/route.h"

namespace weir::fetch {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kBackground{10};

// So often it is looked whether somebody still wants what is under way.
constexpr Milliseconds kLook{200};

// So many sources' failures are remembered.
constexpr size_t kMaxFailures = 1000;

// Doubles with each try up to the longest; from half of that to all of it, so that many hosts do
// not come back at once.
Milliseconds pause_after(const Source& source, uint32_t tries) {
  Milliseconds pause = source.retry_base;
  for (uint32_t i = 1; i < tries && pause < source.retry_max; ++i) pause *= 2;
  pause = std::clamp(pause, Milliseconds(1), std::max(Milliseconds(1), source.retry_max));
  thread_local std::minstd_rand random{std::random_device{}()};
  return Milliseconds(std::uniform_int_distribution(pause.count() / 2, pause.count())(random));
}

Error broken_off_error() { return {ErrorCode::Unavailable, "the fetch was broken off"}; }

std::string shown(const Source& source) { return shown_url(source.uri); }

Fetched<std::string> fetch_file(const Source& source, HttpClient& http,
                                const std::stop_token& stop) {
  const HttpRequest request{.url = source.uri,
                            .timeout = source.timeout,
                            .max_bytes = source.max_bytes,
                            .follow_redirects = source.follow_redirects};
  WEIR_TRY(HttpResponse response, source.route == nullptr
                                      ? http.send(request)
                                      : send_by(*source.route, request, http, stop));
  if (auto ok = expect_ok(source.uri, response); !ok.ok()) {
    Failure failure = std::move(ok).error();
    if (!response.redirect.empty()) {
      failure.error.message +=
          "; write that uri, or set fetch.follow_redirects of weir.v1.PluginOptions";
    } else if (response.status == 401) {
      failure.error.message +=
          has_user(source.uri)
              ? "; the name and the password in the uri do not open it"
              : "; write name and password into the uri, as https://NAME:PASSWORD@HOST";
    }
    return failure;
  }
  const Digest digest = sha256({as_bytes(response.body)});
  if (digest != source.sha256) {
    return passing(shown(source) + ": the sha256 of what is there is " + to_hex(digest) + ", not " +
                       to_hex(source.sha256),
                   ErrorCode::BadModule);
  }
  return std::move(response.body);
}

Fetched<std::string> fetch_once(const Source& source, HttpClient& http,
                                const std::stop_token& stop) {
  if (source.uri.starts_with("http://") || source.uri.starts_with("https://")) {
    return fetch_file(source, http, stop);
  }
  if (is_image_uri(source.uri)) return RegistryClient(source, http).fetch_code();
  return final("'" + shown(source) + "' is not http://HOST/PATH, https://HOST/PATH or oci://IMAGE",
               ErrorCode::BadConfig);
}

}  // namespace

CodeFetcher::CodeFetcher(Parts parts) : parts_(std::move(parts)) {}

CodeFetcher::~CodeFetcher() { end(); }

void CodeFetcher::end() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    threads.swap(threads_);
    threads.push_back(std::move(watch_));
    for (Job& job : jobs_) job.stop.request_stop();
  }
  for (std::jthread& thread : threads) thread.request_stop();
  threads.clear();
  std::list<Job> jobs;
  std::list<Failed> failed;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
    failed.swap(failed_);
    idle_.notify_all();
  }
  const Result<std::string> broken_off = broken_off_error();
  for (const Job& job : jobs) {
    for (const Waiting& one : job.waiting) one.done(broken_off);
  }
  for (const Failed& one : failed) {
    for (const Waiting& waiting : one.waiting) waiting.done(one.error);
  }
}

void CodeFetcher::fetch(const Source& source, OnDone done, Wanted wanted) {
  {
    std::unique_lock lock(mutex_);
    if (ending_) {
      lock.unlock();
      return done(broken_off_error());
    }
    find_or_add(source).waiting.push_back({std::move(done), std::move(wanted)});
    start_thread_if_needed();
  }
  changed_.notify_all();
  watched_.notify_all();
}

Result<std::string> CodeFetcher::wait_for(const Source& source, const std::stop_token& stop,
                                          std::optional<Milliseconds> most) {
  if (auto code = find(source)) return std::move(*code);
  // Whoever comes first, the code or the stop, fulfils the promise.
  struct Outcome {
    std::once_flag once;
    std::promise<Result<std::string>> promise;
    void set(Result<std::string> result) {
      std::call_once(once, [&] { promise.set_value(std::move(result)); });
    }
  };
  auto outcome = std::make_shared<Outcome>();
  auto result = outcome->promise.get_future();
  const std::stop_callback on_stop(stop, [outcome] {
    outcome->set(Error{ErrorCode::Unavailable, "waiting for the code was broken off"});
  });
  const auto interest = std::make_shared<const Unit>();
  fetch(
      source, [outcome](const Result<std::string>& code) { outcome->set(code); },
      [stop, interest = std::weak_ptr(interest)] {
        return !stop.stop_requested() && !interest.expired();
      });
  if (most && result.wait_for(*most) == std::future_status::timeout) {
    outcome->set(Error{ErrorCode::Unavailable,
                       "it has not come within " + std::to_string(most->count()) + " ms"});
  }
  return result.get();
}

Result<std::string> CodeFetcher::find_or_start(const Source& source) {
  if (auto code = find(source)) return std::move(*code);
  std::string reason = "not in the cache; a fetch for the next try has begun";
  {
    const std::lock_guard lock(mutex_);
    if (const auto* why = find_last_failure(source)) reason += " (the last one: " + *why + ")";
    if (!not_kept_.empty()) reason += "; " + not_kept_;
    if (!ending_) {
      find_or_add(source).background_until = steady_clock::now() + kBackground;
      start_thread_if_needed();
    }
  }
  changed_.notify_all();
  watched_.notify_all();
  return Error{ErrorCode::NotFound, shown(source) + ": " + reason};
}

CodeFetcher::Background CodeFetcher::finish(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, stop, [this] { return jobs_.empty() && failed_.empty(); });
  Background background = background_;
  if (background.failure.empty()) background.failure = not_kept_;
  return background;
}

CodeFetcher::Background CodeFetcher::finish(const Source& source, const std::stop_token& stop) {
  const auto code = wait_for(source, stop, source.timeout);
  if (!code.ok()) return {.failure = code.error().message};
  const std::lock_guard lock(mutex_);
  return {.fetched = 1, .failure = not_kept_};
}

bool CodeFetcher::is_fetching() {
  const std::lock_guard lock(mutex_);
  return !jobs_.empty() || !failed_.empty();
}

std::optional<std::string> CodeFetcher::find(const Source& source) {
  auto code = find_cached(source);
  if (code) {
    ++stats_.cache_hits;
    return code;
  }
  ++stats_.cache_misses;
  const std::lock_guard lock(mutex_);
  if (find_last_failure(source) != nullptr) ++stats_.cache_negative_hits;
  return std::nullopt;
}

std::optional<std::string> CodeFetcher::find_cached(const Source& source) {
  auto code = find_kept(source);
  // The server tells whoever does not allow for its size.
  if (code && code->size() > source.max_bytes) return std::nullopt;
  return code;
}

// The cache vouches for what was stored, not for who has stored it: its folder may be open to
// others, and an image's code lies there by the hash of its manifest, too.
std::optional<std::string> CodeFetcher::find_kept(const Source& source) {
  if (parts_.cache == nullptr) return std::nullopt;
  const auto code = parts_.cache->find(source.sha256);
  if (!code) {
    const std::lock_guard lock(mutex_);
    const auto kept = std::ranges::find(kept_, source.sha256, &Kept::sha256);
    return kept == kept_.end() ? std::nullopt : std::optional(kept->code);
  }
  if (!is_image_uri(source.uri) && sha256({*code}) != source.sha256) {
    parts_.logger.log(LogLevel::Warn, "fetch: " + shown(source) +
                                          ": the cache holds something else " +
                                          "by its sha256, which is not used");
    return std::nullopt;
  }
  return std::string(as_text(*code));
}

void CodeFetcher::keep(const Source& source, const std::string& code) {
  if (parts_.cache == nullptr) return;
  const Done stored = parts_.cache->store(source.sha256, as_bytes(code));
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const Kept& one) { return one.sha256 == source.sha256; });
  not_kept_.clear();
  if (stored.ok()) return;
  not_kept_ = "what was fetched cannot be kept: " + stored.error().message +
              "; give the cache a folder that can be written and has room";
  if (code.size() > parts_.max_kept_bytes) return;
  kept_.push_front({source.sha256, code});
  size_t total = 0;
  std::erase_if(kept_, [&](const Kept& one) {
    total += one.code.size();
    return total > parts_.max_kept_bytes;
  });
}

CodeFetcher::Job& CodeFetcher::find_or_add(const Source& source) {
  auto job = std::ranges::find(jobs_, source, &Job::source);
  if (job == jobs_.end()) job = jobs_.insert(jobs_.end(), Job{.source = source});
  return *job;
}

// Whoever waits for a server that hangs leaves the other sources to another thread.
void CodeFetcher::start_thread_if_needed() {
  if (ending_ || idle_threads_ > 0 || threads_.size() >= parts_.max_threads) return;
  if (std::ranges::all_of(jobs_, &Job::running)) return;
  if (!watch_.joinable()) {
    watch_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  }
  ++idle_threads_;  // it looks for a job first
  threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

void CodeFetcher::run(const std::stop_token& stop) {
  HttpClient http(parts_.trust);
  // Begins as an idle one.
  while (Job* job = take_job(stop)) {
    const std::stop_token until = job->stop.get_token();
    http.stop_by(until);
    settle(*job, obtain(job->source, http, until));
    const std::lock_guard lock(mutex_);
    ++idle_threads_;
  }
}

CodeFetcher::Job* CodeFetcher::take_job(const std::stop_token& stop) {
  std::list<Job> dropped;  // destroyed after the lock: they hold what is not ours
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && !ending_) {
    drop_unwanted(steady_clock::now(), dropped);
    if (const Answers answers = take_failed(); !answers.empty()) {
      lock.unlock();
      tell(answers);
      lock.lock();
      continue;
    }
    if (Job* job = find_due(steady_clock::now())) {
      job->running = true;
      job->began = steady_clock::now();
      job->stop = std::stop_source();
      --idle_threads_;
      start_thread_if_needed();
      watched_.notify_all();
      return job;
    }
    if (const auto due = next_due()) {
      changed_.wait_until(lock, stop, *due,
                          [&] { return find_due(steady_clock::now()) != nullptr; });
    } else {
      changed_.wait(lock, stop, [&] { return next_due().has_value(); });
    }
  }
  return nullptr;
}

void CodeFetcher::watch(const std::stop_token& stop) {
  // What waits for its next try is looked at before that.
  const auto is_watched = [](const Job& job) { return job.running || job.tries == 0; };
  std::unique_lock lock(mutex_);
  while (true) {
    watched_.wait(lock, stop, [&] { return std::ranges::any_of(jobs_, is_watched); });
    if (stop.stop_requested()) return;
    std::list<Job> dropped;
    drop_unwanted(steady_clock::now(), dropped);
    const Answers answers = take_failed();
    lock.unlock();
    tell(answers);
    dropped.clear();
    lock.lock();
    if (jobs_.empty() && failed_.empty()) idle_.notify_all();
    watched_.wait_for(lock, stop, kLook, [] { return false; });
  }
}

// Those that are to be tried again at once; others after a while.
void CodeFetcher::drop_unwanted(Time now, std::list<Job>& dropped) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const auto one = job++;
    if (is_wanted(*one, now)) {
      one->unwanted_since.reset();
      continue;
    }
    if (!one->unwanted_since) one->unwanted_since = now;
    const bool is_next = !one->running && one->tries > 0 && one->due <= now;
    if (!is_next && now - *one->unwanted_since < parts_.linger) continue;
    parts_.logger.log(LogLevel::Info,
                      "fetch: " + shown(one->source) + ": given up, nobody waits for it any more");
    leave(one, dropped);
  }
  if (jobs_.empty() && failed_.empty()) idle_.notify_all();
}

void CodeFetcher::leave(std::list<Job>::iterator job, std::list<Job>& dropped) {
  if (!job->running) return dropped.splice(dropped.end(), jobs_, job);
  job->stop.request_stop();
  leaving_.splice(leaving_.end(), jobs_, job);
}

bool CodeFetcher::is_waiting(const Waiting& one) { return one.wanted == nullptr || one.wanted(); }

bool CodeFetcher::is_wanted(const Job& job, Time at) {
  return job.background_until >= at || std::ranges::any_of(job.waiting, is_waiting);
}

const std::string* CodeFetcher::find_last_failure(const Source& source) const {
  const auto found = last_failures_.find({source.uri, source.sha256});
  return found == last_failures_.end() ? nullptr : &found->second;
}

void CodeFetcher::remember_failure(const Source& source, const std::string& why) {
  if (last_failures_.size() >= kMaxFailures) last_failures_.erase(last_failures_.begin());
  last_failures_[{source.uri, source.sha256}] = why;
}

CodeFetcher::Job* CodeFetcher::find_due(Time now) {
  const auto job = std::ranges::find_if(
      jobs_, [&](const Job& other) { return !other.running && due_of(other) <= now; });
  return job == jobs_.end() ? nullptr : &*job;
}

std::optional<CodeFetcher::Time> CodeFetcher::next_due() const {
  std::optional<Time> next;
  for (const Job& job : jobs_) {
    if (job.running) continue;
    const Time due = due_of(job);
    if (!next || due < *next) next = due;
  }
  return next;
}

CodeFetcher::Time CodeFetcher::due_of(const Job& job) const {
  Time due = job.due;
  for (const Job& other : jobs_) {
    if (other.running && other.source.sha256 == job.source.sha256) {
      due = std::max(due, other.began + parts_.beside);
    }
  }
  return due;
}

Fetched<std::string> CodeFetcher::obtain(const Source& source, HttpClient& http,
                                         const std::stop_token& stop) {
  if (auto code = find_cached(source)) return std::move(*code);
  const auto before = steady_clock::now();
  auto code = fetch_once(source, http, stop);
  if (!code.ok()) {
    if (!stop.stop_requested()) ++stats_.fetch_failures;
    return code;
  }
  const auto took = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - before);
  parts_.logger.log(LogLevel::Info, "fetched " + shown(source) + ": " +
                                        std::to_string(code.value().size()) + " bytes, " +
                                        std::to_string(took.count()) + " ms");
  keep(source, code.value());
  ++stats_.fetch_successes;  // now a find() brings it
  return code;
}

void CodeFetcher::settle(Job& job, Fetched<std::string> code) {
  // What a file has is what was asked for; an image may be known by the hash of its manifest.
  const bool is_hashed = code.ok() && (!is_image_uri(job.source.uri) ||
                                       sha256({as_bytes(code.value())}) == job.source.sha256);
  std::list<Job> ended;  // destroyed after the lock, as those that are dropped
  std::unique_lock lock(mutex_);
  job.running = false;
  if (ending_) return;  // end() tells those who wait
  const auto same = [&](const Job& one) { return &one == &job; };
  if (const auto left = std::ranges::find_if(leaving_, same); left != leaving_.end()) {
    ended.splice(ended.end(), leaving_, left);
    if (!code.ok()) return;
  }
  const bool may_pass = !code.ok() && code.error().kind == Failure::Kind::Passing;
  const Milliseconds pause = pause_after(job.source, job.tries + 1);
  const Time again = steady_clock::now() + pause;
  if (may_pass && job.tries < job.source.retries && is_wanted(job, again)) {
    ++job.tries;
    job.due = again;
    const std::string then = "; trying again in " + std::to_string(pause.count()) + " ms";
    parts_.logger.log(LogLevel::Info, "fetch: " + code.error().error.message + then);
    lock.unlock();
    return changed_.notify_all();
  }

  Answers answers;
  if (code.ok()) {
    answers = give(Source(job.source), code.value(), is_hashed);
  } else {
    give_up(job, std::move(code).error().error);
    answers = take_failed();
  }
  lock.unlock();
  changed_.notify_all();
  idle_.notify_all();
  tell(answers);
}

void CodeFetcher::tell(const Answers& answers) {
  for (const Answer& answer : answers) {
    for (const Waiting& one : answer.waiting) one.done(answer.code);
  }
}

CodeFetcher::Answers CodeFetcher::give(const Source& source, const std::string& code,
                                       bool is_hashed) {
  const Digest hash = source.sha256;
  const auto takes = [&](const Source& other) {
    return other.sha256 == hash && (is_hashed || is_image_uri(other.uri)) &&
           code.size() <= other.max_bytes;
  };
  std::erase_if(last_failures_, [&](const auto& known) { return known.first.second == hash; });
  Answers answers;
  std::list<Job> dropped;
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const auto one = job++;
    if (!takes(one->source)) continue;
    if (one->background_until != Time{}) count_background(code);
    answers.push_back({std::move(one->waiting), code});
    one->waiting.clear();
    leave(one, dropped);
  }
  failed_.remove_if([&](Failed& other) {
    if (!takes(other.source)) return false;
    if (other.in_background) count_background(code);
    answers.push_back({std::move(other.waiting), code});
    return true;
  });
  return answers;
}

void CodeFetcher::give_up(const Job& job, Error error) {
  if (job.tries > 0) error.message += ", after " + std::to_string(job.tries + 1) + " tries";
  remember_failure(job.source, error.message);
  const auto ended = std::ranges::find(jobs_, &job, [](const Job& one) { return &one; });
  failed_.push_back({.source = ended->source,
                     .waiting = std::move(ended->waiting),
                     .in_background = ended->background_until != Time{},
                     .error = std::move(error)});
  jobs_.erase(ended);
}

CodeFetcher::Answers CodeFetcher::take_failed() {
  Answers answers;
  failed_.remove_if([&](Failed& failed) {
    const auto may_bring = [&](const Job& job) {
      return job.source.sha256 == failed.source.sha256;
    };
    if (std::ranges::any_of(jobs_, may_bring)) return false;
    // Whoever waits tells it as an error of theirs.
    const bool told = std::ranges::any_of(failed.waiting, is_waiting);
    parts_.logger.log(told ? LogLevel::Info : LogLevel::Warn, "fetch: " + failed.error.message);
    if (failed.in_background) count_background(failed.error);
    answers.push_back({std::move(failed.waiting), std::move(failed.error)});
    return true;
  });
  return answers;
}

void CodeFetcher::count_background(const Result<std::string>& code) {
  if (code.ok()) ++background_.fetched;
  if (!code.ok() && background_.failure.empty()) background_.failure = code.error().message;
}

}  // namespace weir::fetch
