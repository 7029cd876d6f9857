#pragma once
// TLS of one connection, free of sockets: what was received goes in, what is to be sent comes out.

#include <memory>
#include <span>
#include <string>

#include "planes/serve/body.h"
#include "planes/serve/read_buffer.h"
#include "planes/serve/tls_context.h"
#include "planes/serve/tls_info.h"
#include "planes/serve/tls_openssl.h"
#include "planes/serve/tls_stats.h"

namespace weir::serve {

// The session that the next connection to the same address may resume. Thread: its worker's.
struct TlsResumption {
  OwnSession session;
};

// Whom a client expects, where that is not for the settings to say.
struct TlsServerName {
  std::string name;     // in lower case, or an address; empty: the settings say it
  bool sends = false;   // the server is told the name, unless it is an address
  bool checks = false;  // the server's certificate has to be for it
};

// Thread: its worker's.
class TlsSession {
 public:
  // `output` takes what is to be sent. `resumption` and `server_name` are for clients; the first
  // may be null. All but the context outlive the session.
  TlsSession(std::shared_ptr<const TlsContext> context, TlsStats& stats, Body& output,
             TlsResumption* resumption, TlsServerName server_name);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  const TlsContext& context() const { return *context_; }

  // Where received bytes are taken from during the next calls; null: nowhere.
  void set_input(ReadBuffer* input) { pipe_.input = input; }

  enum class State : uint8_t {
    Done,
    WantsInput,
    Ended,   // by the peer, in order
    Failed,  // see failure()
  };

  State handshake();
  // `n` is how much there is now; not zero means Done.
  State read(std::span<std::byte> into, size_t& n);
  // All of them. After the handshake.
  State write(Bytes bytes);
  // Tells the peer that no more comes.
  void end();

  // One line.
  const std::string& failure() const { return failure_; }

  // After the handshake.
  std::shared_ptr<const TlsInfo> info() const;

  // For OpenSSL.
  static int verify(X509_STORE_CTX* store, void*);
  static int keep_session(SSL* ssl, SSL_SESSION* session);

 private:
  // What OpenSSL reads from and writes to.
  struct Pipe {
    ReadBuffer* input = nullptr;
    Body& output;
  };
  static int read_pipe(BIO* bio, char* into, int room);
  static int write_pipe(BIO* bio, const char* bytes, int size);
  static long control_pipe(BIO* bio, int command, long, void*);
  static const BIO_METHOD& pipe_method();

  State fail(int result);
  void count_handshake();

  const std::shared_ptr<const TlsContext> context_;
  TlsStats& stats_;
  Pipe pipe_;
  TlsResumption* const resumption_;
  const TlsServerName server_name_;
  OwnSsl ssl_;
  std::string failure_;
  std::string verification_;  // why the peer's certificate was refused
  bool verified_ = false;
  bool ended_ = false;
};

}  // namespace weir::serve
