// The part of WASI (preview 1) that language runtimes need to start: a clock, random bytes, an
// environment, and two files to write to, which become log lines. There is no file system and no
// network: the rest answers as a system without them does.

#include <openssl/rand.h>

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

constexpr uint32_t kStdout = 1;
constexpr uint32_t kStderr = 2;

constexpr uint32_t kMaxIovecs = 1024;
constexpr uint64_t kMaxWriteBytes = 1 << 20;
constexpr uint64_t kMaxRandomBytes = 64 * 1024;

bool is_output(uint32_t fd) { return fd == kStdout || fd == kStderr; }
Errno only_outputs(uint32_t fd) { return is_output(fd) ? Errno::Success : Errno::BadF; }

// Walks structures and arrays that lie in guest memory.
class GuestMemory {
 public:
  explicit GuestMemory(HostCall& call) : call_(call), word_(call.memory().word_bytes()) {}

  uint64_t word_bytes() const { return word_; }

  bool read_word(uint64_t address, uint64_t& value) const {
    const std::byte* at = call_.memory().at(address, word_);
    if (at == nullptr) return false;
    value = word_ == 8 ? load<uint64_t>(at) : load<uint32_t>(at);
    return true;
  }

  // The address is checked.
  void write_word(uint64_t address, uint64_t value) const {
    GuestOut<Size>(address).set(call_, {value});
  }

 private:
  HostCall& call_;
  uint64_t word_;
};

Errno fd_write(HostCall& call, uint32_t fd, Address iovecs, uint32_t count,
               GuestOut<Size> written) {
  if (!is_output(fd)) return Errno::BadF;
  if (count > kMaxIovecs) return Errno::Inval;
  GuestMemory guest(call);
  std::string text(call.has_context() ? call.context().log_prefix() : std::string_view());
  if (!text.empty()) text += ": ";
  const size_t prefix = text.size();
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = iovecs.value + i * 2 * guest.word_bytes();
    uint64_t address = 0;
    uint64_t size = 0;
    if (!guest.read_word(at, address) || !guest.read_word(at + guest.word_bytes(), size)) {
      return Errno::Fault;
    }
    if (size == 0) continue;
    if (size > kMaxWriteBytes - (text.size() - prefix)) return Errno::Inval;
    const std::byte* bytes = call.memory().at(address, size);
    if (bytes == nullptr) return Errno::Fault;
    text += as_text({bytes, size});
  }
  written.set(call, {text.size() - prefix});
  if (text.size() > prefix && text.ends_with('\n')) text.pop_back();
  if (text.size() > prefix) {
    call.vm().logger().log(fd == kStdout ? LogLevel::Info : LogLevel::Error, text);
  }
  return Errno::Success;
}

Errno fd_pwrite(HostCall& call, uint32_t fd, Address iovecs, uint32_t count, uint64_t,
                GuestOut<Size> written) {
  return fd_write(call, fd, iovecs, count, written);
}

Errno fd_read(HostCall&, uint32_t, Address, uint32_t, Address) { return Errno::NoSys; }
Errno fd_pread(HostCall&, uint32_t, Address, uint32_t, uint64_t, Address) { return Errno::NoSys; }

// Nothing here has a position: what is open is written to its end, the rest is not open.
Errno fd_seek(HostCall&, uint32_t fd, uint64_t, uint32_t, GuestOut<uint64_t>) {
  return is_output(fd) ? Errno::SPipe : Errno::BadF;
}
Errno fd_tell(HostCall& call, uint32_t fd, GuestOut<uint64_t> position) {
  if (!is_output(fd)) return Errno::BadF;
  position.set(call, 0);
  return Errno::Success;
}

Errno fd_close(HostCall&, uint32_t fd) { return only_outputs(fd); }

// fdstat: u8 filetype, u16 flags at 2, u64 rights at 8, u64 inheriting rights at 16.
struct Fdstat {
  uint8_t filetype = 0;
  uint8_t pad1 = 0;
  uint16_t flags = 0;
  uint32_t pad2 = 0;
  uint64_t rights = 0;
  uint64_t inheriting_rights = 0;
};
static_assert(sizeof(Fdstat) == 24);

Errno fd_fdstat_get(HostCall& call, uint32_t fd, GuestOut<Fdstat> stat) {
  if (!is_output(fd)) return Errno::BadF;
  constexpr uint64_t kRightToWrite = 64;
  stat.set(call, {.rights = kRightToWrite});
  return Errno::Success;
}
Errno fd_fdstat_set_flags(HostCall&, uint32_t, uint32_t) { return Errno::NoSys; }
Errno fd_fdstat_set_rights(HostCall&, uint32_t fd, uint64_t, uint64_t) { return only_outputs(fd); }
Errno fd_advise(HostCall&, uint32_t, uint64_t, uint64_t, uint32_t) { return Errno::Success; }
Errno fd_allocate(HostCall&, uint32_t fd, uint64_t, uint64_t) { return only_outputs(fd); }
Errno fd_sync(HostCall&, uint32_t fd) { return only_outputs(fd); }
Errno fd_datasync(HostCall&, uint32_t fd) { return only_outputs(fd); }
Errno fd_filestat_get(HostCall&, uint32_t, Address) { return Errno::BadF; }
Errno fd_filestat_set_size(HostCall&, uint32_t fd, uint64_t) { return only_outputs(fd); }
Errno fd_filestat_set_times(HostCall&, uint32_t fd, uint64_t, uint64_t, uint32_t) {
  return only_outputs(fd);
}
Errno fd_readdir(HostCall& call, uint32_t, Address, Size, uint64_t, GuestOut<Size> used) {
  used.set(call, {0});
  return Errno::NotDir;
}
Errno fd_renumber(HostCall&, uint32_t fd, uint32_t) {
  return is_output(fd) ? Errno::NotSup : Errno::BadF;
}

// BADF ends the search for pre-opened folders.
Errno fd_prestat_get(HostCall&, uint32_t, Address) { return Errno::BadF; }
Errno fd_prestat_dir_name(HostCall&, uint32_t, Address, Size) { return Errno::NoSys; }

Errno path_open(HostCall&, uint32_t, uint32_t, Address, Size, uint32_t, uint64_t, uint64_t,
                uint32_t, Address) {
  return Errno::NoEnt;
}
Errno path_filestat_get(HostCall&, uint32_t, uint32_t, Address, Size, Address) {
  return Errno::NotSup;
}
Errno path_filestat_set_times(HostCall&, uint32_t, uint32_t, Address, Size, uint64_t, uint64_t,
                              uint32_t) {
  return Errno::NotSup;
}
Errno path_create_directory(HostCall&, uint32_t, Address, Size) { return Errno::NotSup; }
Errno path_remove_directory(HostCall&, uint32_t, Address, Size) { return Errno::NotSup; }
Errno path_unlink_file(HostCall&, uint32_t, Address, Size) { return Errno::NotSup; }
Errno path_link(HostCall&, uint32_t, uint32_t, Address, Size, uint32_t, Address, Size) {
  return Errno::NotSup;
}
Errno path_symlink(HostCall&, Address, Size, uint32_t, Address, Size) { return Errno::NotSup; }
Errno path_readlink(HostCall& call, uint32_t, Address, Size, Address, Size, GuestOut<Size> used) {
  used.set(call, {0});
  return Errno::NotSup;
}
Errno path_rename(HostCall&, uint32_t, Address, Size, uint32_t, Address, Size) {
  return Errno::NotSup;
}

Errno sock_accept(HostCall&, uint32_t, uint32_t, Address) { return Errno::NotSup; }
Errno sock_recv(HostCall&, uint32_t, Address, Size, uint32_t, Address, Address) {
  return Errno::NotSup;
}
Errno sock_send(HostCall&, uint32_t, Address, Size, uint32_t, Address) { return Errno::NotSup; }
Errno sock_shutdown(HostCall&, uint32_t, uint32_t) { return Errno::NotSup; }

// "KEY=value" with its closing NUL.
uint64_t entry_size(const std::string& key, const std::string& value) {
  return key.size() + 1 + value.size() + 1;
}

Errno environ_sizes_get(HostCall& call, GuestOut<Size> count, GuestOut<Size> size) {
  uint64_t bytes = 0;
  for (const auto& [key, value] : call.vm().environment()) bytes += entry_size(key, value);
  count.set(call, {call.vm().environment().size()});
  size.set(call, {bytes});
  return Errno::Success;
}

// Nothing is written where not all of it has room.
Errno environ_get(HostCall& call, Address pointers, Address buffer) {
  const auto& environment = call.vm().environment();
  if (environment.empty()) return Errno::Success;
  GuestMemory guest(call);
  uint64_t size = 0;
  for (const auto& [key, value] : environment) size += entry_size(key, value);
  if (!call.memory().contains(pointers.value, environment.size() * guest.word_bytes()) ||
      !call.memory().contains(buffer.value, size)) {
    return Errno::Fault;
  }
  uint64_t pointer_at = pointers.value;
  uint64_t entry_at = buffer.value;
  for (const auto& [key, value] : environment) {
    const std::string entry = key + '=' + value + '\0';
    guest.write_word(pointer_at, entry_at);
    std::memcpy(call.memory().at(entry_at, entry.size()), entry.data(), entry.size());
    pointer_at += guest.word_bytes();
    entry_at += entry.size();
  }
  return Errno::Success;
}

Errno args_sizes_get(HostCall& call, GuestOut<Size> count, GuestOut<Size> size) {
  count.set(call, {0});
  size.set(call, {0});
  return Errno::Success;
}
Errno args_get(HostCall&, Address, Address) { return Errno::Success; }

constexpr uint32_t kRealtime = 0;
constexpr uint32_t kMonotonic = 1;

Errno clock_time_get(HostCall& call, uint32_t clock, uint64_t, GuestOut<uint64_t> time) {
  if (clock != kRealtime && clock != kMonotonic) return Errno::NotSup;
  call.vm().note_chance();
  const Clock& source = call.vm().clock();
  const Nanoseconds now = clock == kRealtime ? source.wall() : source.monotonic();
  time.set(call, static_cast<uint64_t>(now.count()));
  return Errno::Success;
}

Errno clock_res_get(HostCall& call, uint32_t clock, GuestOut<uint64_t> resolution) {
  if (clock != kRealtime && clock != kMonotonic) return Errno::NotSup;
  resolution.set(call, 1);
  return Errno::Success;
}

Errno random_get(HostCall& call, Address buffer, Size size) {
  if (size.value > kMaxRandomBytes) return Errno::Inval;
  if (size.value == 0) return Errno::Success;
  std::byte* at = call.memory().at(buffer.value, size.value);
  if (at == nullptr) return Errno::Fault;
  call.vm().note_chance();
  const int done = RAND_bytes(reinterpret_cast<unsigned char*>(at), static_cast<int>(size.value));
  return done == 1 ? Errno::Success : Errno::Inval;
}

Errno sched_yield(HostCall&) { return Errno::Success; }

// A guest never sleeps in the host. Go's scheduler counts on success.
Errno poll_oneoff(HostCall& call, Address, Address, Size, GuestOut<Size> ready) {
  ready.set(call, {0});
  return Errno::Success;
}

void proc_exit(HostCall& call, uint32_t code) {
  call.trap("proc_exit(" + std::to_string(code) + ")");
}

constexpr auto kStart = Callable::Anytime;

constexpr Hostcall kWasiHostcalls[] = {
    hostcall<fd_write>("fd_write", kStart),
    hostcall<fd_pwrite>("fd_pwrite", kStart),
    hostcall<fd_read>("fd_read", kStart),
    hostcall<fd_pread>("fd_pread", kStart),
    hostcall<fd_seek>("fd_seek", kStart),
    hostcall<fd_tell>("fd_tell", kStart),
    hostcall<fd_close>("fd_close", kStart),
    hostcall<fd_fdstat_get>("fd_fdstat_get", kStart),
    hostcall<fd_fdstat_set_flags>("fd_fdstat_set_flags", kStart),
    hostcall<fd_fdstat_set_rights>("fd_fdstat_set_rights", kStart),
    hostcall<fd_advise>("fd_advise", kStart),
    hostcall<fd_allocate>("fd_allocate", kStart),
    hostcall<fd_sync>("fd_sync", kStart),
    hostcall<fd_datasync>("fd_datasync", kStart),
    hostcall<fd_filestat_get>("fd_filestat_get", kStart),
    hostcall<fd_filestat_set_size>("fd_filestat_set_size", kStart),
    hostcall<fd_filestat_set_times>("fd_filestat_set_times", kStart),
    hostcall<fd_readdir>("fd_readdir", kStart),
    hostcall<fd_renumber>("fd_renumber", kStart),
    hostcall<fd_prestat_get>("fd_prestat_get", kStart),
    hostcall<fd_prestat_dir_name>("fd_prestat_dir_name", kStart),
    hostcall<path_open>("path_open", kStart),
    hostcall<path_filestat_get>("path_filestat_get", kStart),
    hostcall<path_filestat_set_times>("path_filestat_set_times", kStart),
    hostcall<path_create_directory>("path_create_directory", kStart),
    hostcall<path_remove_directory>("path_remove_directory", kStart),
    hostcall<path_unlink_file>("path_unlink_file", kStart),
    hostcall<path_link>("path_link", kStart),
    hostcall<path_symlink>("path_symlink", kStart),
    hostcall<path_readlink>("path_readlink", kStart),
    hostcall<path_rename>("path_rename", kStart),
    hostcall<sock_accept>("sock_accept", kStart),
    hostcall<sock_recv>("sock_recv", kStart),
    hostcall<sock_send>("sock_send", kStart),
    hostcall<sock_shutdown>("sock_shutdown", kStart),
    hostcall<environ_sizes_get>("environ_sizes_get", kStart),
    hostcall<environ_get>("environ_get", kStart),
    hostcall<args_sizes_get>("args_sizes_get", kStart),
    hostcall<args_get>("args_get", kStart),
    hostcall<clock_time_get>("clock_time_get", kStart),
    hostcall<clock_res_get>("clock_res_get", kStart),
    hostcall<random_get>("random_get", kStart),
    hostcall<sched_yield>("sched_yield", kStart),
    hostcall<poll_oneoff>("poll_oneoff", kStart),
    hostcall<proc_exit>("proc_exit", kStart),
};

}  // namespace

std::span<const Hostcall> wasi_hostcalls() { return kWasiHostcalls; }

}  // namespace weir::abi
