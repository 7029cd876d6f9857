#include "planes/serve/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace weir::serve {
namespace {

std::string_view remedy_of_opening(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "; make its folder";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; let it be where weir's user may write";
    case EISDIR:
      return "; name a file";
    default:
      return "";
  }
}

Error failed(const std::filesystem::path& path, std::string_view doing) {
  const int error = errno;
  return Error{ErrorCode::Io, "access log " + path.string() + ": " + std::string(doing) + ": " +
                                  std::system_category().message(error) +
                                  std::string(remedy_of_opening(error))};
}

std::filesystem::path path_of(const config::LogFile& file, const std::filesystem::path& base_dir) {
  return (base_dir / file.path).lexically_normal();
}

bool may_write(const std::filesystem::path& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

// Readable by the owner's group, as logs are. A pipe that nobody reads is not waited for; one that
// somebody reads is, when lines are written.
Result<int> open_file(const std::filesystem::path& path) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
             S_IRUSR | S_IWUSR | S_IRGRP);
  if (descriptor < 0) {
    return failed(
        path, errno == ENXIO ? "cannot be opened, a pipe that nobody reads" : "cannot be opened");
  }
  ::fcntl(descriptor, F_SETFL, O_APPEND);
  return descriptor;
}

}  // namespace

Done check_log_file(const config::LogFile& file, const std::filesystem::path& base_dir) {
  if (file.kind != config::LogFile::Kind::File) return Unit{};
  const auto path = path_of(file, base_dir);
  const auto refuse = [&] { return failed(path, "cannot be opened"); };
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) return may_write(path) ? Done(Unit{}) : refuse();
    errno = EISDIR;
    return refuse();
  }
  if (errno != ENOENT) return refuse();
  // It is made when the configuration is served.
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  return may_write(folder) ? Done(Unit{}) : refuse();
}

LogSink::~LogSink() { ::close(descriptor_); }

Done LogSink::write(std::string_view lines) const {
  while (!lines.empty()) {
    const ssize_t n = ::write(descriptor_, lines.data(), lines.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path_, "cannot be written");
    lines.remove_prefix(static_cast<size_t>(n));
  }
  return Unit{};
}

Done LogSink::reopen() {
  if (path_.empty()) return Unit{};
  WEIR_TRY(const int descriptor, open_file(path_));
  ::close(std::exchange(descriptor_, descriptor));
  return Unit{};
}

LogFiles::LogFiles(Logger& logger)
    : logger_(logger), thread_([this](const std::stop_token& stop) { run(stop); }) {}

LogFiles::~LogFiles() {
  thread_.request_stop();
  thread_.join();
}

Result<std::shared_ptr<LogSink>> LogFiles::open(const config::LogFile& file,
                                                const std::filesystem::path& base_dir) {
  if (file.kind != config::LogFile::Kind::File) {
    const int stream = file.kind == config::LogFile::Kind::Stdout ? STDOUT_FILENO : STDERR_FILENO;
    const int descriptor = ::fcntl(stream, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) return failed("", "the stream is closed");
    return std::make_shared<LogSink>(descriptor, "");
  }
  const auto path = path_of(file, base_dir);
  const std::lock_guard lock(mutex_);
  std::erase_if(sinks_, [](const auto& known) { return known.second.expired(); });
  auto& known = sinks_[path];
  if (auto sink = known.lock()) return sink;
  auto descriptor = open_file(path);
  if (!descriptor.ok()) {
    sinks_.erase(path);
    return std::move(descriptor).error();
  }
  auto sink = std::make_shared<LogSink>(descriptor.value(), path);
  known = sink;
  return sink;
}

void LogFiles::write(std::shared_ptr<LogSink> sink, std::string lines) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ + lines.size() > kMostBytes) {
      dropped_bytes_ += lines.size();
      return;
    }
    waiting_bytes_ += lines.size();
    tasks_.push_back({std::move(sink), std::move(lines)});
  }
  woken_.notify_one();
}

void LogFiles::reopen() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, known] : sinks_) {
      if (auto sink = known.lock()) tasks_.push_back({std::move(sink), {}});
    }
  }
  woken_.notify_one();
}

void LogFiles::run(const std::stop_token& stop) {
  while (true) {
    std::vector<Task> tasks;
    uint64_t dropped = 0;
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, stop, [this] { return !tasks_.empty(); });
      if (tasks_.empty()) return;
      tasks.swap(tasks_);
      waiting_bytes_ = 0;
      dropped = std::exchange(dropped_bytes_, 0);
    }
    for (const Task& task : tasks) perform(task);
    if (dropped == 0) continue;
    logger_.log(LogLevel::Error, "access logs: " + std::to_string(dropped) +
                                     " bytes are dropped, as files take them too slowly");
  }
}

void LogFiles::perform(const Task& task) const {
  const Done done = task.lines.empty() ? task.sink->reopen() : task.sink->write(task.lines);
  if (!done.ok()) logger_.log(LogLevel::Error, done.error().message);
}

}  // namespace weir::serve
