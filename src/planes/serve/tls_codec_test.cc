#include "planes/serve/tls_codec.h"

#include <gtest/gtest.h>

#include <cstring>

#include "planes/serve/raw_codec.h"
#include "planes/serve/tls_fakes.h"

namespace weir::serve {
namespace {

using test::make_certificate;

std::string body_text(const Body& body) {
  std::string text(body.size(), '\0');
  body.copy_to(0, std::as_writable_bytes(std::span(text)));
  return text;
}

Body body_of(std::string_view text) {
  Body body;
  body.append_copy(as_bytes(text));
  return body;
}

// One side: raw bytes behind TLS, and what has happened to them.
class Side final : private Carrier, private RawEvents {
 public:
  Side(std::shared_ptr<const TlsContext> context, TlsResumption* resumption)
      : tls(make_tls_codec({.carrier = static_cast<Carrier&>(*this),
                            .context = std::move(context),
                            .stats = stats,
                            .handshake_timeout = Milliseconds(7),
                            .resumption = resumption},
                           std::make_unique<User>(*this))) {}
  ~Side() { tls->disconnected(Disconnect::Broken, "the test ends"); }

  void send(std::string_view text, EndOfStream end = EndOfStream::No) {
    raw->send(body_of(text), end);
  }

  TlsStats stats;
  RawCodec* raw = nullptr;  // null before the handshake
  std::shared_ptr<const TlsInfo> info;
  std::string received;
  bool ended = false;
  std::string closed;  // how; empty: it is not
  std::string failed;
  ReadBuffer input;
  std::unique_ptr<Codec> tls;

 private:
  class User final : public TlsUser {
   public:
    explicit User(Side& side) : side_(side) {}
    void on_secured(std::shared_ptr<const TlsInfo> now) override { side_.info = std::move(now); }
    std::unique_ptr<Codec> choose_codec(ReadBuffer&) override {
      auto codec =
          std::make_unique<RawCodec>(static_cast<Carrier&>(side_), static_cast<RawEvents&>(side_));
      side_.raw = codec.get();
      return codec;
    }
    void on_failed(Disconnect, std::string_view reason) override { side_.failed = reason; }

   private:
    Side& side_;
  };

  void wake() override {}
  void on_data(Body data) override { received += body_text(data); }
  void on_end() override { ended = true; }
  void on_sent() override {}
  void on_closed(Disconnect how, std::string_view) override {
    closed = how == Disconnect::EndOfInput ? "in order" : how == Disconnect::Reset ? "reset" : "us";
    raw = nullptr;
  }
};

class TlsCodecTest : public ::testing::Test {
 protected:
  using enum EndOfStream;

  std::shared_ptr<const TlsContext> context(TlsContext::Side side, const config::Tls& settings,
                                            TlsMaterial material) {
    auto made = TlsContext::make(side, settings, std::move(material));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.value();
  }
  void connect(TlsResumption* resumption = nullptr) {
    if (server_context == nullptr) {
      server_context =
          context(TlsContext::Side::Server, server_settings, {.certificates = {certificate}});
      client_context = context(TlsContext::Side::Client, client_settings, client_material);
    }
    server = std::make_unique<Side>(server_context, nullptr);
    client = std::make_unique<Side>(client_context, resumption);
  }
  // Carries bytes in pieces of that size until none are left.
  void carry(size_t piece = SIZE_MAX) {
    while (move(*client, *server, piece) || move(*server, *client, piece)) {
    }
  }
  static bool move(Side& from, Side& to, size_t piece) {
    const Body out = from.tls->output().take_all();
    from.tls->sent();
    const std::string bytes = body_text(out);
    for (size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
      const size_t n = std::min(piece, bytes.size() - at);
      for (size_t done = 0; done < n;) {
        const auto room = to.input.prepare();
        const size_t part = std::min(room.size(), n - done);
        std::memcpy(room.data(), bytes.data() + at + done, part);
        to.input.commit(part);
        done += part;
      }
      if (to.tls->wants_input()) to.tls->receive(to.input);
    }
    return !bytes.empty();
  }

  TlsMaterial::Certificate certificate = make_certificate("server", "DNS:a.test");
  config::Tls server_settings;
  config::Tls client_settings;
  TlsMaterial client_material;
  std::shared_ptr<const TlsContext> server_context;
  std::shared_ptr<const TlsContext> client_context;
  std::unique_ptr<Side> server;
  std::unique_ptr<Side> client;
};

TEST_F(TlsCodecTest, CarriesBytesBothWays) {
  server_settings.alpn = {"h2", "http/1.1"};
  client_settings.alpn = {"http/1.1", "h2"};
  client_settings.sni = "a.test";
  connect();
  EXPECT_TRUE(server->tls->inside_head());
  EXPECT_EQ(server->tls->timeouts({.head = Milliseconds(3)}).head, Milliseconds(7));
  carry();
  ASSERT_NE(server->raw, nullptr);
  ASSERT_NE(client->raw, nullptr);
  EXPECT_FALSE(server->tls->inside_head());
  EXPECT_EQ(server->info->version, "TLSv1.3");
  EXPECT_EQ(server->info->server_name, "a.test");
  EXPECT_EQ(server->info->alpn, "h2");
  EXPECT_EQ(server->info->local->subject, "CN=server");
  EXPECT_EQ(server->info->peer, nullptr);
  EXPECT_EQ(client->info->peer->dns_names, std::vector<std::string>{"a.test"});
  EXPECT_EQ(client->info->peer->sha256, server->info->local->sha256);
  client->send("ping");
  server->send("pong");
  carry();
  EXPECT_EQ(server->received, "ping");
  EXPECT_EQ(client->received, "pong");
}

TEST_F(TlsCodecTest, AnyPiecesDo) {
  for (const size_t piece : {1U, 7U, 1000U}) {
    connect();
    carry(piece);
    const std::string text(50'000, 'x');
    client->send(text);
    client->send("end");
    carry(piece);
    EXPECT_EQ(server->received, text + "end") << piece;
  }
}

TEST_F(TlsCodecTest, SmallPiecesShareARecord) {
  connect();
  carry();
  const std::string kibibyte(1024, 'x');
  for (int i = 0; i < 8; ++i) client->send(kibibyte);
  // Eight records would have cost 22 bytes each.
  EXPECT_LT(client->tls->output().size(), 8 * 1024 + 2 * 22U);
}

TEST_F(TlsCodecTest, HoldsBackWhatIsNotWanted) {
  connect();
  carry();
  server->raw->set_paused(true);
  client->send(std::string(100'000, 'x'));
  carry();
  EXPECT_FALSE(server->tls->wants_input());
  EXPECT_EQ(server->received, "");
  server->raw->set_paused(false);
  EXPECT_TRUE(server->tls->wants_input());
  static_cast<void>(server->tls->output());
  server->tls->receive(server->input);
  carry();
  EXPECT_EQ(server->received.size(), 100'000u);
}

TEST_F(TlsCodecTest, EachSideEndsByItself) {
  connect();
  carry();
  client->send("all", Yes);
  carry();
  EXPECT_TRUE(server->ended);
  EXPECT_TRUE(client->tls->output_has_ended());
  EXPECT_TRUE(server->tls->end_of_input()) << "the socket's end is expected now";
  server->send("the rest", Yes);
  carry();
  EXPECT_EQ(client->received, "the rest");
  EXPECT_TRUE(client->ended);
  client->tls->disconnected(Disconnect::EndOfInput, "");
  EXPECT_EQ(client->closed, "in order");
}

TEST_F(TlsCodecTest, AnEndWithoutAWordIsAReset) {
  connect();
  carry();
  EXPECT_FALSE(server->tls->end_of_input());
  server->tls->disconnected(Disconnect::EndOfInput, "the peer has closed");
  EXPECT_EQ(server->closed, "reset");
}

TEST_F(TlsCodecTest, ClosingTellsThePeer) {
  connect();
  carry();
  server->send("last words");
  server->raw->close(Ending::Linger);
  carry();
  EXPECT_EQ(server->tls->ending(), Ending::Linger);
  EXPECT_EQ(client->received, "last words");
  EXPECT_TRUE(client->ended);
}

TEST_F(TlsCodecTest, ADamagedRecordEndsIt) {
  connect();
  carry();
  client->send("secret");
  Body out = client->tls->output().take_all();
  std::string bytes = body_text(out);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  const auto room = server->input.prepare();
  std::memcpy(room.data(), bytes.data(), bytes.size());
  server->input.commit(bytes.size());
  server->tls->receive(server->input);
  EXPECT_EQ(server->closed, "reset");
  EXPECT_EQ(server->received, "");
  EXPECT_FALSE(server->tls->output().empty()) << "an alert";
}

TEST_F(TlsCodecTest, AHandshakeThatTakesTooLong) {
  connect();
  server->tls->head_timed_out();
  EXPECT_EQ(server->failed, "the TLS handshake took too long");
  EXPECT_EQ(server->stats.handshake_timeouts.value(), 1u);
  EXPECT_NE(server->tls->ending(), Ending::Open);
}

TEST_F(TlsCodecTest, AStrangersCertificateIsRefused) {
  client_settings.validation.emplace();
  client_settings.validation->trusted_ca = config::InlineBytes{};
  client_material.trusted_ca = make_certificate("other", "").chain;
  connect();
  carry();
  EXPECT_EQ(client->raw, nullptr);
  EXPECT_EQ(client->failed.substr(0, 30), "TLS: certificate verify failed");
  EXPECT_EQ(client->stats.failed_verifications.value(), 1u);
  EXPECT_EQ(client->stats.connection_errors.value(), 0u);
  EXPECT_EQ(server->stats.handshakes.value() + server->stats.connection_errors.value(), 1u);
}

TEST_F(TlsCodecTest, NamesAreMatched) {
  certificate = make_certificate("server", "DNS:*.a.test,URI:spiffe://a/b,IP:192.0.2.1");
  const auto accepted = [&](config::AltNameMatch::Kind kind, config::StringMatch::Kind how,
                            std::string text) {
    client_settings.validation.emplace();
    client_settings.validation->trusted_ca = config::InlineBytes{};
    client_material.trusted_ca = certificate.chain;
    client_settings.validation->alt_names = {{kind, {.kind = how, .text = std::move(text)}}};
    server_context = nullptr;
    connect();
    carry();
    return client->raw != nullptr;
  };
  using Kind = config::AltNameMatch::Kind;
  using How = config::StringMatch::Kind;
  EXPECT_TRUE(accepted(Kind::Dns, How::Exact, "b.a.test"));
  EXPECT_TRUE(accepted(Kind::Dns, How::Suffix, ".a.test"));
  EXPECT_FALSE(accepted(Kind::Dns, How::Exact, "a.test"));
  EXPECT_FALSE(accepted(Kind::Dns, How::Exact, "c.b.a.test"));
  EXPECT_TRUE(accepted(Kind::Uri, How::Exact, "spiffe://a/b"));
  EXPECT_FALSE(accepted(Kind::Email, How::Prefix, "spiffe"));
  EXPECT_TRUE(accepted(Kind::IpAddress, How::Exact, "192.0.2.1"));
}

TEST_F(TlsCodecTest, SessionsAreResumed) {
  TlsResumption resumption;
  connect(&resumption);
  carry();
  EXPECT_FALSE(client->info->resumed);
  connect(&resumption);
  carry();
  EXPECT_TRUE(client->info->resumed);
  EXPECT_TRUE(server->info->resumed);
  EXPECT_EQ(client->info->peer->subject, "CN=server");
}

TEST_F(TlsCodecTest, SettingsThatCannotBeUsed) {
  const auto error = [&](const config::Tls& settings, TlsMaterial material) {
    const auto made = TlsContext::make(TlsContext::Side::Server, settings, std::move(material));
    return made.ok() ? "none" : made.error().message;
  };
  EXPECT_EQ(error({}, {.certificates = {{.chain = "nothing", .key = certificate.key}}}),
            "tls_certificates[0].certificate_chain: no certificate in PEM: no start line");
  EXPECT_EQ(error({}, {.certificates = {{.chain = certificate.chain, .key = "nothing"}}}),
            "tls_certificates[0].private_key: no private key in PEM: unsupported");
  EXPECT_EQ(error({}, {.certificates = {{certificate.chain, make_certificate("b", "").key}}}),
            "tls_certificates[0]: the private key is not that of the certificate");
  EXPECT_EQ(error({}, {.certificates = {certificate, certificate}}).substr(0, 59),
            "tls_certificates[1]: another certificate has a key of this ");
  config::Tls ciphers;
  ciphers.ciphers = "NO-SUCH-CIPHER";
  EXPECT_EQ(error(ciphers, {.certificates = {certificate}}), "cipher_suites: no cipher match");
}

}  // namespace
}  // namespace weir::serve
