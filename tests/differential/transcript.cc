#include "differential/transcript.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cinttypes>
#include <cstdio>

namespace weir::test {
namespace {

constexpr uint64_t kPage = 65536;

// Not of cryptographic strength, and as fast as memory is read: four lanes that do not wait for
// each other.
uint64_t hash_of(Bytes bytes) {
  constexpr uint64_t kPrime = 0x9e3779b97f4a7c15;
  std::array<uint64_t, 4> lanes{1, 2, 3, 4};
  const auto mix = [](uint64_t lane, uint64_t word) {
    return std::rotl((lane ^ word) * kPrime, 29);
  };
  size_t at = 0;
  for (; at + sizeof lanes <= bytes.size(); at += sizeof lanes) {
    for (size_t i = 0; i < lanes.size(); ++i) {
      lanes[i] = mix(lanes[i], load<uint64_t>(bytes.data() + at + i * sizeof(uint64_t)));
    }
  }
  for (; at < bytes.size(); ++at) lanes[0] = mix(lanes[0], static_cast<uint64_t>(bytes[at]));
  uint64_t all = bytes.size();
  for (uint64_t lane : lanes) all = mix(all, lane);
  return all ^ (all >> 32);
}

std::string at_index(const std::vector<std::string>& lines, size_t index) {
  return index < lines.size() ? lines[index] : "(the end)";
}

}  // namespace

void Transcript::add(std::string_view line) {
  lines_.push_back(std::string(2 * depth_, ' ').append(line));
}

std::string first_difference(const std::vector<std::string>& expected,
                             const std::vector<std::string>& actual) {
  constexpr size_t kContext = 12;
  const auto at = std::ranges::mismatch(expected, actual).in1;
  const auto index = static_cast<size_t>(at - expected.begin());
  if (index == expected.size() && index == actual.size()) return {};

  std::string text = "line " + std::to_string(index + 1) + ":\n";
  for (size_t i = index - std::min(index, kContext); i < index; ++i) {
    text.append("    ").append(expected[i]).append("\n");
  }
  text.append("  - ").append(at_index(expected, index)).append("\n");
  text.append("  + ").append(at_index(actual, index)).append("\n");
  return text;
}

std::string digest(engine::Memory memory) {
  // A memory without bytes resolves nothing, and has no address.
  const std::byte* bytes = memory.at(0, memory.size());
  const uint64_t hash = bytes == nullptr ? 0 : hash_of({bytes, memory.size()});
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%" PRIu64 " pages %016" PRIx64, memory.size() / kPage,
                hash);
  return text.data();
}

std::string quoted(Bytes bytes, size_t limit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\"";
  for (std::byte byte : bytes.first(std::min(limit, bytes.size()))) {
    const auto c = static_cast<unsigned char>(byte);
    if (c >= ' ' && c < 0x7f) {
      text += static_cast<char>(c);
    } else {
      text.append("\\x") += kDigits[c >> 4];
      text += kDigits[c & 15];
    }
  }
  return text + (bytes.size() > limit ? "\"..." : "\"");
}

}  // namespace weir::test
