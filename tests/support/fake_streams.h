#pragma once
// Streams as a plane would offer them, which write what plugins do to them into the journal.

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/stream.h"
#include "support/journal.h"

namespace weir::test {

using runtime::Direction;

// Bytes that can be changed, up to a limit.
class FakeBuffer final : public abi::Buffer {
 public:
  explicit FakeBuffer(std::string bytes) : bytes_(std::move(bytes)) {}

  const std::string& text() const { return bytes_; }
  void set_limit(size_t limit) { limit_ = limit; }

  uint64_t size() const override { return bytes_.size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override;
  bool replace(uint64_t start, uint64_t size, Bytes with) override;

 private:
  std::string bytes_;
  size_t limit_ = 1 << 20;
};

// What both kinds of stream have: attributes and filter state.
using Attributes = std::map<runtime::Attribute, runtime::PropertyValue>;

class FakeHttpStream final : public runtime::HttpStream {
 public:
  explicit FakeHttpStream(Journal& journal) : journal_(journal) {}

  // What the proxy has at present; without a value, nothing.
  std::optional<abi::HeaderList>& headers(abi::MapType type) {
    return maps_.at(static_cast<size_t>(type));
  }
  std::optional<FakeBuffer>& body_of(Direction direction) {
    return bodies_.at(static_cast<size_t>(direction));
  }
  Attributes attributes;
  // Properties of this plane alone, by their path with '.' between segments.
  std::map<std::string, std::string, std::less<>> plane_properties;
  // Whether it is too late for a local response.
  bool response_begun = false;
  // What the proxy does before it tells an attribute; null: nothing.
  std::function<void()> before_attribute;

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::PropertyValue plane_property(std::span<const std::string_view> path) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType type) override;
  abi::Buffer* body(Direction direction) override;
  void resume(Direction direction) override;
  bool send_local_response(const runtime::LocalResponse& response) override;
  void reset() override { journal_.add("reset"); }
  void fail(std::string_view reason) override;
  void clear_route_cache() override { journal_.add("clear route cache"); }
  void finished() override { journal_.add("finished"); }

 private:
  Journal& journal_;
  std::array<std::optional<abi::HeaderList>, 4> maps_;
  std::array<std::optional<FakeBuffer>, 2> bodies_;
  runtime::FilterState filter_state_;
};

class FakeNetworkStream final : public runtime::NetworkStream {
 public:
  explicit FakeNetworkStream(Journal& journal) : journal_(journal) {}

  std::optional<FakeBuffer>& data_of(Direction direction) {
    return data_.at(static_cast<size_t>(direction));
  }
  Attributes attributes;

  // runtime::NetworkStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::Buffer* data(Direction direction) override;
  void resume(Direction direction) override;
  void close(Direction direction) override;
  void fail(std::string_view reason) override;
  void finished() override { journal_.add("finished"); }

 private:
  Journal& journal_;
  std::array<std::optional<FakeBuffer>, 2> data_;
  runtime::FilterState filter_state_;
};

}  // namespace weir::test
