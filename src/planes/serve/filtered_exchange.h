#pragma once
// One try of a request that passes a cluster's own plugins: to the router an upstream, to the
// plugins' chain a client.

#include <memory>
#include <span>
#include <vector>

#include "planes/serve/exchange.h"
#include "planes/serve/filter_chain.h"

namespace weir::serve {

// Whoever has it destroys it later than the call that it is in (Reaper). Thread: its worker's.
class FilteredExchange final : public UpstreamExchange {
 public:
  // `parts` and what `plugins` refers to outlive it.
  FilteredExchange(const ChainParts& parts, std::span<const MakeContext> plugins,
                   ConnectionInfo client, MessageSink& response, MessageSource* request);
  ~FilteredExchange() override;

  // The request.
  void headers(HeaderList headers, EndOfStream end) override;
  void data(Body data, EndOfStream end) override;
  void trailers(HeaderList trailers) override;
  void metadata(HeaderList metadata) override;
  void abort(std::string_view reason) override;

  // The response's body.
  void pause() override { chain_->pause(); }
  void resume() override { chain_->resume(); }

  const UpstreamInfo* info() const override;
  size_t backlog() const override { return chain_->router().backlog(); }
  bool was_refused() const override;
  NotTried why_not_tried() const override;
  std::string_view transport_failure() const override {
    return chain_->router().transport_failure();
  }
  void note_timeout() override { chain_->note_timeout(); }
  std::string_view unreachable() const override;
  bool was_malformed() const override;
  bool is_answered_by_plugin() const override { return chain_->has_replied(); }

 private:
  // The chain's client.
  class Client final : public ClientStream {
   public:
    Client(FilteredExchange& exchange, const ConnectionInfo& connection)
        : exchange_(exchange), info_{.connection = connection, .version = HttpVersion::Http2} {}

    const RequestInfo& info() const override { return info_; }
    void headers(HeaderList headers, EndOfStream end) override;
    void data(Body data, EndOfStream end) override;
    void trailers(HeaderList trailers) override;
    void interim_headers(HeaderList headers) override;
    void metadata(HeaderList metadata) override;
    void abort(std::string_view reason) override;
    void pause() override;
    void resume() override;

   private:
    FilteredExchange& exchange_;
    const RequestInfo info_;
  };

  // A part of the response.
  struct Part {
    enum class Kind : uint8_t { Headers, Data, Trailers, Interim, Metadata, Abort };
    Kind kind;
    EndOfStream end = EndOfStream::No;
    HeaderList headers;
    Body data;
    std::string reason;
  };

  // A call of the router's into the chain, which may answer at once: the router is to hear of that
  // when the call has returned.
  template <typename Call>
  void enter(Call call);
  void pass(Part part);
  void deliver(Part part);
  void deliver_waiting();

  const ChainParts& parts_;
  const ConnectionInfo connection_;
  MessageSink& response_;
  MessageSource* const request_;  // null: it is not held back
  Client client_;
  FilterChain* chain_;
  int inside_ = 0;
  std::vector<Part> waiting_;
  bool posted_ = false;
  bool request_paused_ = false;
  bool over_ = false;  // the router wants no more
  // Tasks that come after the end find it expired.
  std::shared_ptr<FilteredExchange*> self_ = std::make_shared<FilteredExchange*>(this);
};

}  // namespace weir::serve
