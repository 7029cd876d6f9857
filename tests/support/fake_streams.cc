#include "support/fake_streams.h"

#include <cstring>

#include "base/check.h"

namespace weir::test {
namespace {

std::string name_of(Direction direction) {
  return direction == Direction::Request ? "request" : "response";
}

std::string side_of(Direction direction) {
  return direction == Direction::Request ? "downstream" : "upstream";
}

runtime::PropertyValue find(const Attributes& attributes, runtime::Attribute attribute) {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? runtime::PropertyValue() : found->second;
}

abi::Buffer* pointer_to(std::optional<FakeBuffer>& buffer) { return buffer ? &*buffer : nullptr; }

}  // namespace

void FakeBuffer::copy_to(uint64_t start, std::span<std::byte> to) const {
  WEIR_CHECK(start <= bytes_.size() && to.size() <= bytes_.size() - start);
  std::memcpy(to.data(), bytes_.data() + start, to.size());
}

bool FakeBuffer::replace(uint64_t start, uint64_t size, Bytes with) {
  WEIR_CHECK(start <= bytes_.size() && size <= bytes_.size() - start);
  if (bytes_.size() - size + with.size() > limit_) return false;
  bytes_.replace(start, size, as_text(with));
  return true;
}

runtime::PropertyValue FakeHttpStream::attribute(runtime::Attribute attribute) const {
  if (before_attribute) before_attribute();
  return find(attributes, attribute);
}

runtime::PropertyValue FakeHttpStream::plane_property(
    std::span<const std::string_view> path) const {
  std::string name;
  for (std::string_view segment : path) {
    if (!name.empty()) name += '.';
    name += segment;
  }
  const auto found = plane_properties.find(name);
  return found == plane_properties.end() ? runtime::PropertyValue() : found->second;
}

abi::HeaderMap* FakeHttpStream::header_map(abi::MapType type) {
  auto& map = headers(type);
  return map ? &*map : nullptr;
}

abi::Buffer* FakeHttpStream::body(Direction direction) { return pointer_to(body_of(direction)); }

void FakeHttpStream::resume(Direction direction) { journal_.add("resume " + name_of(direction)); }

bool FakeHttpStream::send_local_response(const runtime::LocalResponse& response) {
  if (response_begun) return false;
  std::string line = "local response " + std::to_string(response.status_code);
  line.append(" '").append(response.body).append("'");
  response.headers.for_each([&](std::string_view name, std::string_view value) {
    line.append(" ").append(name).append("=").append(value);
  });
  if (!response.details.empty()) line.append(" details ").append(response.details);
  if (response.grpc_status != -1) line += " grpc " + std::to_string(response.grpc_status);
  journal_.add(line);
  return true;
}

void FakeHttpStream::fail(std::string_view reason) { journal_.add("fail: " + std::string(reason)); }

runtime::PropertyValue FakeNetworkStream::attribute(runtime::Attribute attribute) const {
  return find(attributes, attribute);
}

abi::Buffer* FakeNetworkStream::data(Direction direction) { return pointer_to(data_of(direction)); }

void FakeNetworkStream::resume(Direction direction) {
  journal_.add("resume " + side_of(direction));
}

void FakeNetworkStream::close(Direction direction) { journal_.add("close " + side_of(direction)); }

void FakeNetworkStream::fail(std::string_view reason) {
  journal_.add("fail: " + std::string(reason));
}

}  // namespace weir::test
