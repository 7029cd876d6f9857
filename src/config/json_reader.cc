#include "config/json_reader.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace weir::config {
namespace {

using Json = nlohmann::json;

// Reads the text and tells how far the parser has come.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}

  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Takes the parser's events. Each comes when its token has just been read, so the token starts a
// little before `reached_`.
class Handler final : public Json::json_sax_t {
 public:
  Handler(std::string_view text, const char* const& reached, DocumentBuilder& builder)
      : text_(text), reached_(reached), builder_(builder) {}

  bool null() override { return builder_.on_null(word_mark()) != nullptr; }
  bool boolean(bool value) override { return scalar(word_mark(), value ? "true" : "false"); }
  bool number_integer(int64_t value) override { return scalar(word_mark(), std::to_string(value)); }
  bool number_unsigned(uint64_t value) override {
    return scalar(word_mark(), std::to_string(value));
  }
  bool number_float(double, const std::string& text) override { return scalar(word_mark(), text); }
  bool string(std::string& value) override {
    return builder_.on_scalar(string_mark(), value, false) != nullptr;
  }
  bool binary(Json::binary_t&) override { return false; }  // not in texts
  bool key(std::string& value) override { return string(value); }
  bool start_object(size_t) override { return builder_.on_map_start(mark_at(reached() - 1)); }
  bool start_array(size_t) override { return builder_.on_sequence_start(mark_at(reached() - 1)); }
  bool end_object() override { return builder_.on_end() != nullptr; }
  bool end_array() override { return builder_.on_end() != nullptr; }

  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    failed_ = true;
    size_t at = std::min(position == 0 ? 0 : position - 1, text_.size());
    error_ = {mark_at(at), describe(at)};
    return false;
  }

  bool failed() const { return failed_; }
  const DocumentBuilder::Failure& error() const { return error_; }

 private:
  bool scalar(Mark mark, std::string_view text) {
    return builder_.on_scalar(mark, text, true) != nullptr;
  }

  // What stands at `at` and should not.
  std::string describe(size_t at) const {
    if (at == text_.size()) return "the text ends too early";
    bool ascii = static_cast<unsigned char>(text_[at]) < 0x80;
    return ascii ? "unexpected " + quote(text_.substr(at, 1)) : "an unexpected character";
  }

  size_t reached() const { return static_cast<size_t>(reached_ - text_.data()); }

  // The start of the string that ends before `reached_`.
  Mark string_mark() {
    size_t quote = reached() - 1;
    for (;;) {
      quote = text_.rfind('"', quote - 1);
      size_t content = text_.find_last_not_of('\\', quote - 1);
      size_t backslashes = quote - 1 - content;
      if (quote == 0 || backslashes % 2 == 0) return mark_at(quote);
    }
  }

  // The start of the number or word that ends before `reached_`, or one character earlier: the
  // parser has to look at what follows a number.
  Mark word_mark() {
    constexpr std::string_view kWord = "+-.0123456789abcdefghijklmnopqrstuvwxyzE";
    size_t last = text_.find_last_of(kWord, reached() - 1);
    size_t before = text_.find_last_not_of(kWord, last);
    return mark_at(before == std::string_view::npos ? 0 : before + 1);
  }

  // Offsets come in rising order, so lines are counted once.
  Mark mark_at(size_t offset) {
    for (; counted_ < offset; ++counted_) {
      if (text_[counted_] != '\n') continue;
      ++line_;
      line_start_ = counted_ + 1;
    }
    return {line_, static_cast<int>(offset - line_start_) + 1};
  }

  std::string_view text_;
  const char* const& reached_;
  DocumentBuilder& builder_;
  size_t counted_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
  bool failed_ = false;
  DocumentBuilder::Failure error_;
};

}  // namespace

bool read_json(std::string_view text, DocumentBuilder& builder, OnBadJson on_bad_json) {
  const char* end = text.data() + text.size();
  const char* reached = text.data();
  Handler handler(text, reached, builder);
  Json::sax_parse(Cursor(text.data(), &reached), Cursor(end, &reached), &handler);
  if (!handler.failed()) return true;
  if (on_bad_json == OnBadJson::Report) {
    builder.fail(handler.error().mark, "not valid JSON: " + handler.error().reason);
  }
  return false;
}

}  // namespace weir::config
