#include "planes/serve/network_chain.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir::serve {
namespace {

using abi::NetworkAction;
using runtime::Direction;

std::string text_of(const Body& body) {
  std::string text;
  for (const Slice& slice : body.slices()) text += as_text(slice.bytes());
  return text;
}

std::string name_of(Direction direction) { return direction == Direction::Request ? "down" : "up"; }

class FakePlugin;

// A context that answers as its plugin says.
class FakeContext final : public runtime::NetworkContext {
 public:
  FakeContext(FakePlugin& plugin, runtime::NetworkStream& stream)
      : plugin_(plugin), stream_(stream) {}
  ~FakeContext() override;

  NetworkAction on_new_connection() override;
  NetworkAction on_data(Direction direction, abi::EndOfStream end) override;
  void on_close(Direction side, abi::PeerType by) override;
  bool finish() override;

 private:
  FakePlugin& plugin_;
  runtime::NetworkStream& stream_;
};

class FakePlugin {
 public:
  FakePlugin(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}

  bool lets_in = true;
  bool lets_pass = true;
  bool finishes = true;
  // Called inside a data callback.
  std::function<void(runtime::NetworkStream&, Direction)> in_callback = {};
  runtime::NetworkStream* stream = nullptr;

  void note(const std::string& what) { log_.push_back(name_ + " " + what); }

 private:
  std::vector<std::string>& log_;
  std::string name_;
};

FakeContext::~FakeContext() { plugin_.note("gone"); }

NetworkAction FakeContext::on_new_connection() {
  plugin_.note("new");
  return plugin_.lets_in ? NetworkAction::Continue : NetworkAction::StopIteration;
}

NetworkAction FakeContext::on_data(Direction direction, abi::EndOfStream end) {
  const auto* data = static_cast<const Body*>(stream_.data(direction));
  plugin_.note(name_of(direction) + " '" + text_of(*data) + "'" +
               (end == abi::EndOfStream::Yes ? " end" : ""));
  if (plugin_.in_callback) plugin_.in_callback(stream_, direction);
  return plugin_.lets_pass ? NetworkAction::Continue : NetworkAction::StopIteration;
}

void FakeContext::on_close(Direction side, abi::PeerType by) {
  plugin_.note(name_of(side) + " closed " + (by == abi::PeerType::Local ? "local" : "remote"));
}

bool FakeContext::finish() {
  plugin_.note("finish");
  return plugin_.finishes;
}

class NetworkChainTest : public ::testing::Test, private NetworkChainOwner {
 protected:
  static constexpr uint64_t kLimit = 100;

  FakePlugin& plugin(const std::string& name) { return plugins_.emplace_back(log_, name); }

  NetworkChain& start() {
    for (FakePlugin& one : plugins_) {
      makers_.push_back([&one](runtime::NetworkStream& stream) {
        one.stream = &stream;
        return std::make_unique<FakeContext>(one, stream);
      });
    }
    NetworkChainOwner& owner = *this;
    chain_ = std::make_unique<NetworkChain>(owner, makers_, kLimit);
    chain_->start();
    return *chain_;
  }

  void send(Direction direction, std::string_view text, bool end = false) {
    Body body;
    body.append_copy(as_bytes(text));
    chain_->data(direction, std::move(body), end ? EndOfStream::Yes : EndOfStream::No);
  }

  // What has happened since the last call.
  std::vector<std::string> log() { return std::exchange(log_, {}); }
  void end() { chain_.reset(); }

  using Lines = std::vector<std::string>;

 private:
  void on_established() override { log_.emplace_back("established"); }
  void on_passed(Direction direction, Body data, EndOfStream end) override {
    log_.push_back("passed " + name_of(direction) + " '" + text_of(data) + "'" +
                   (end == EndOfStream::Yes ? " end" : ""));
  }
  void on_close_wanted(size_t, Direction side) override {
    log_.push_back("close " + name_of(side));
  }
  void on_plugin_failed(size_t plugin, std::string_view reason) override {
    log_.push_back("failed " + std::to_string(plugin) + ": " + std::string(reason));
  }
  void on_settled() override {}
  void on_plugins_finished() override { log_.emplace_back("finished"); }
  runtime::PropertyValue connection_attribute(runtime::Attribute) const override { return {}; }
  runtime::FilterState& filter_state() override { return filter_state_; }

  std::vector<std::string> log_;
  std::deque<FakePlugin> plugins_;
  std::vector<MakeNetworkContext> makers_;
  runtime::FilterState filter_state_;
  std::unique_ptr<NetworkChain> chain_;
};

TEST_F(NetworkChainTest, WithoutPluginsEverythingPasses) {
  start();
  send(Direction::Request, "a", true);
  send(Direction::Response, "b");
  EXPECT_EQ(log(), (Lines{"established", "passed down 'a' end", "passed up 'b'"}));
}

TEST_F(NetworkChainTest, BytesPassInOrderAndBackInReverseOrder) {
  plugin("A");
  plugin("B");
  start();
  EXPECT_EQ(log(), (Lines{"A new", "B new", "established"}));
  send(Direction::Request, "x");
  EXPECT_EQ(log(), (Lines{"A down 'x'", "B down 'x'", "passed down 'x'"}));
  send(Direction::Response, "y", true);
  EXPECT_EQ(log(), (Lines{"B up 'y' end", "A up 'y' end", "passed up 'y' end"}));
}

TEST_F(NetworkChainTest, HeldBytesComeAgainWithWhatFollows) {
  FakePlugin& only = plugin("A");
  start();
  only.lets_pass = false;
  log();
  send(Direction::Request, "one ");
  send(Direction::Request, "two ");
  EXPECT_EQ(log(), (Lines{"A down 'one '", "A down 'one two '"}));
  only.stream->resume(Direction::Request);
  EXPECT_EQ(log(), (Lines{"passed down 'one two '"}));
  send(Direction::Request, "", true);
  only.stream->resume(Direction::Request);
  EXPECT_EQ(log(), (Lines{"A down '' end", "passed down '' end"}));
  only.stream->resume(Direction::Request);
  EXPECT_EQ(log(), Lines{});
}

TEST_F(NetworkChainTest, NobodyIsAskedBehindAPluginThatDoesNotLetIn) {
  plugin("A").lets_in = false;
  plugin("B");
  start();
  EXPECT_EQ(log(), (Lines{"A new"}));
}

TEST_F(NetworkChainTest, AResumeLetsTheConnectionIn) {
  FakePlugin& first = plugin("A");
  first.lets_in = false;
  plugin("B");
  start();
  log();
  first.stream->resume(Direction::Request);
  EXPECT_EQ(log(), (Lines{"B new", "established"}));
}

TEST_F(NetworkChainTest, LettingBytesPassLetsTheConnectionIn) {
  plugin("A").lets_in = false;
  plugin("B");
  start();
  log();
  send(Direction::Request, "x");
  EXPECT_EQ(log(), (Lines{"A down 'x'", "B new", "established", "B down 'x'", "passed down 'x'"}));
}

TEST_F(NetworkChainTest, ACallbackChangesWhatPasses) {
  plugin("A").in_callback = [](runtime::NetworkStream& stream, Direction direction) {
    abi::Buffer* data = stream.data(direction);
    EXPECT_TRUE(data->replace(0, data->size(), as_bytes(std::string_view("new"))));
  };
  start();
  log();
  send(Direction::Response, "old");
  EXPECT_EQ(log(), (Lines{"A up 'old'", "passed up 'new'"}));
}

TEST_F(NetworkChainTest, NothingIsReadableOutsideOfACallbackUnlessItIsHeld) {
  FakePlugin& only = plugin("A");
  start();
  send(Direction::Request, "x");
  EXPECT_EQ(only.stream->data(Direction::Request), nullptr);
  only.lets_pass = false;
  send(Direction::Request, "y");
  ASSERT_NE(only.stream->data(Direction::Request), nullptr);
  EXPECT_EQ(only.stream->data(Direction::Request)->size(), 1u);
}

TEST_F(NetworkChainTest, HeldBytesBeyondTheLimitHoldTheSenderBack) {
  FakePlugin& only = plugin("A");
  NetworkChain& chain = start();
  only.lets_pass = false;
  send(Direction::Request, std::string(kLimit, 'x'));
  EXPECT_FALSE(chain.holds_back(Direction::Request));
  send(Direction::Request, "x");
  EXPECT_TRUE(chain.holds_back(Direction::Request));
  EXPECT_FALSE(chain.holds_back(Direction::Response));
  only.stream->resume(Direction::Request);
  EXPECT_FALSE(chain.holds_back(Direction::Request));
}

TEST_F(NetworkChainTest, WhatIsAskedInACallbackIsDoneAfterIt) {
  plugin("A").in_callback = [](runtime::NetworkStream& stream, Direction) {
    stream.close(Direction::Response);
  };
  start();
  log();
  send(Direction::Request, "x");
  EXPECT_EQ(log(), (Lines{"A down 'x'", "passed down 'x'", "close up"}));
}

TEST_F(NetworkChainTest, AFailedPluginIsNotCalledAgain) {
  FakePlugin& only = plugin("A");
  NetworkChain& chain = start();
  log();
  only.stream->fail("broken");
  send(Direction::Request, "x");
  chain.closed(Direction::Request, abi::PeerType::Local);
  EXPECT_EQ(log(), (Lines{"failed 0: broken", "passed down 'x'"}));
}

TEST_F(NetworkChainTest, ItHasFinishedWhenEveryPluginHas) {
  FakePlugin& slow = plugin("A");
  slow.finishes = false;
  plugin("B");
  NetworkChain& chain = start();
  log();
  chain.closed(Direction::Request, abi::PeerType::Remote);
  chain.finish();
  EXPECT_EQ(log(), (Lines{"A down closed remote", "B down closed remote", "A finish", "B finish"}));
  slow.stream->finished();
  EXPECT_EQ(log(), (Lines{"finished"}));
  send(Direction::Request, "late");
  EXPECT_EQ(log(), Lines{});
  end();
  EXPECT_EQ(log(), (Lines{"B gone", "A gone"}));
}

}  // namespace
}  // namespace weir::serve
