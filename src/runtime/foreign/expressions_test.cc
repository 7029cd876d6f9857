#include "runtime/foreign/expressions.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <optional>
#include <span>

#include "abi/map_codec.h"
#include "runtime/foreign/foreign_fakes.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;
using test::FakePlugin;

template <typename T>
std::string bytes_of(T value) {
  return std::string(as_text(std::as_bytes(std::span(&value, 1))));
}

std::string repeated(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

class ExpressionsTest : public ::testing::Test {
 protected:
  // The token, as the guest has it: empty where the expression was refused.
  std::string create(std::string_view text) {
    const Status status = plugin.call("expr_create", text);
    EXPECT_TRUE(status == Status::Ok || status == Status::BadArgument) << text;
    EXPECT_EQ(plugin.result.size(), status == Status::Ok ? 4u : 0u);
    return plugin.result;
  }

  Status evaluate_status(std::string_view text) {
    return plugin.call("expr_evaluate", create(text));
  }

  std::string evaluate(std::string_view text) {
    EXPECT_EQ(evaluate_status(text), Status::Ok) << text;
    return plugin.result;
  }

  bool is_true(std::string_view text) { return evaluate(text) == "\x01"; }

  std::map<std::string, std::string, std::less<>>& properties() {
    return plugin.context().properties;
  }

  FakePlugin plugin;
};

TEST_F(ExpressionsTest, EncodesEachTypeAsPropertiesAreEncoded) {
  EXPECT_EQ(evaluate("'text'"), "text");
  EXPECT_EQ(evaluate("b'\\xff\\x00'"), std::string("\xff\0", 2));
  EXPECT_EQ(evaluate("1 < 2"), std::string(1, '\x01'));
  EXPECT_EQ(evaluate("1 > 2"), std::string(1, '\0'));
  EXPECT_EQ(evaluate("2 - 5"), bytes_of(int64_t{-3}));
  EXPECT_EQ(evaluate("7u"), bytes_of(uint64_t{7}));
  EXPECT_EQ(evaluate("1.5"), bytes_of(1.5));
  EXPECT_EQ(evaluate("duration('1500ms')"), bytes_of(int64_t{1'500'000'000}));
  EXPECT_EQ(evaluate("timestamp('1970-01-01T00:00:02Z')"), bytes_of(int64_t{2'000'000'000}));
  EXPECT_EQ(evaluate("{'b': 'x', 'a': 'y'}"),
            abi::encode_property_map(
                std::vector<std::pair<std::string, std::string>>{{"a", "y"}, {"b", "x"}}));
  EXPECT_EQ(evaluate("['x', 'y']"), abi::encode_property_list(std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(evaluate("[]"), bytes_of(uint32_t{0}));
}

TEST_F(ExpressionsTest, BeginWithWhatOthersHold) {
  Expressions configured;
  uint32_t token = 0;
  ASSERT_EQ(configured.create("'text'", token), Status::Ok);
  const Expressions of_worker(configured.texts());
  Expressions of_stream(&of_worker);
  std::string result;
  EXPECT_EQ(of_stream.evaluate(token, plugin, result), Status::Ok);
  EXPECT_EQ(result, "text");

  uint32_t own = 0;
  ASSERT_EQ(of_stream.create("'own'", own), Status::Ok);
  EXPECT_NE(own, token);
  of_stream.erase(token);
  EXPECT_EQ(of_stream.evaluate(token, plugin, result), Status::NotFound);
  EXPECT_EQ(of_stream.evaluate(own, plugin, result), Status::Ok);
  EXPECT_EQ(of_worker.evaluate(token, plugin, result), Status::Ok);
  EXPECT_EQ(of_worker.evaluate(own, plugin, result), Status::NotFound);
}

TEST_F(ExpressionsTest, TellsOfValuesThatHaveNoEncoding) {
  EXPECT_EQ(evaluate_status("null"), Status::SerializationFailure);
  EXPECT_EQ(evaluate_status("[null]"), Status::SerializationFailure);
  EXPECT_EQ(evaluate_status("timestamp('2500-01-01T00:00:00Z')"), Status::SerializationFailure);
  EXPECT_EQ(evaluate_status("request"), Status::SerializationFailure);
}

TEST_F(ExpressionsTest, LooksAttributesUpWhenEvaluated) {
  const std::string token = create("request.path.startsWith('/api') && request.size > 10");
  properties()["request.path"] = "/api/users";
  properties()["request.size"] = bytes_of(int64_t{11});
  ASSERT_EQ(plugin.call("expr_evaluate", token), Status::Ok);
  EXPECT_EQ(plugin.result, "\x01");

  properties()["request.size"] = bytes_of(int64_t{10});
  ASSERT_EQ(plugin.call("expr_evaluate", token), Status::Ok);
  EXPECT_EQ(plugin.result, std::string(1, '\0'));
}

TEST_F(ExpressionsTest, KnowsTheTypesOfAttributes) {
  properties()["connection.mtls"] = std::string(1, '\x01');
  properties()["connection.id"] = bytes_of(uint64_t{9});
  properties()["request.time"] = bytes_of(int64_t{86'400'000'000'000});
  properties()["request.duration"] = bytes_of(int64_t{1'000'000});
  EXPECT_TRUE(is_true("connection.mtls"));
  EXPECT_TRUE(is_true("connection.id == 9u"));
  EXPECT_TRUE(is_true("request.time == timestamp('1970-01-02T00:00:00Z')"));
  EXPECT_TRUE(is_true("request.duration < duration('1s')"));
}

TEST_F(ExpressionsTest, ReadsHeadersByNameAndAsAMap) {
  properties()["request.headers"] = abi::encode_property_map(
      std::vector<std::pair<std::string, std::string>>{{":path", "/"}, {"x-user", "me"}});
  properties()["request.headers.host"] = "example.com";
  EXPECT_TRUE(is_true("request.headers['x-user'] == 'me'"));
  EXPECT_TRUE(is_true("'x-user' in request.headers"));
  EXPECT_TRUE(is_true("!('x-other' in request.headers)"));
  EXPECT_TRUE(is_true("size(request.headers) == 2"));
  EXPECT_TRUE(is_true("request.headers.host == 'example.com'"));
  EXPECT_TRUE(is_true("request.headers.exists(name, name.startsWith('x-'))"));
  EXPECT_EQ(evaluate_status("request.headers['x-other']"), Status::InternalFailure);
}

TEST_F(ExpressionsTest, AsksForAnAttributeByIndexToo) {
  properties()["request.path"] = "/";
  properties()["filter_state.envoy.tcp_proxy.cluster"] = "blue";
  EXPECT_TRUE(is_true("request['path'] == '/'"));
  EXPECT_TRUE(is_true("filter_state['envoy.tcp_proxy.cluster'] == 'blue'"));
}

TEST_F(ExpressionsTest, TellsWhetherAnAttributeIsThere) {
  properties()["request.path"] = "/";
  EXPECT_TRUE(is_true("has(request.path)"));
  EXPECT_TRUE(is_true("!has(request.referer)"));
  EXPECT_TRUE(is_true("has(response.code) ? response.code == 200 : true"));
}

TEST_F(ExpressionsTest, HasNoValueWhereAnAttributeIsMissing) {
  EXPECT_EQ(evaluate_status("response.code == 200"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("nothing"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("1 / 0"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("'a' + 1"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("9223372036854775807 + 1"), Status::InternalFailure);
  EXPECT_TRUE(is_true("nothing == 1 || true"));
}

TEST_F(ExpressionsTest, ReadsSetPropertiesAsTheyWereDeclared) {
  ASSERT_EQ(plugin.filter_state().set("user", "me", {.type = DeclaredType::String}), Status::Ok);
  ASSERT_EQ(plugin.filter_state().set("key", "\xff"), Status::Ok);
  properties()["user"] = "me";
  properties()["key"] = "\xff";
  EXPECT_TRUE(is_true("user == 'me'"));
  EXPECT_TRUE(is_true("key == b'\\xff'"));
}

TEST_F(ExpressionsTest, ReplacesWhatIsNoUtf8InTexts) {
  properties()["request.path"] = "/\xff";
  EXPECT_EQ(evaluate("request.path"), "/\xef\xbf\xbd");
}

TEST_F(ExpressionsTest, LoopsOverListsAndMaps) {
  EXPECT_TRUE(is_true("[1, 2, 3].all(x, x > 0)"));
  EXPECT_TRUE(is_true("[1, 2, 3].exists(x, x == 2)"));
  EXPECT_TRUE(is_true("[1, 2, 3].exists_one(x, x == 2)"));
  EXPECT_TRUE(is_true("[1, 2, 3].map(x, x * 2) == [2, 4, 6]"));
  EXPECT_TRUE(is_true("[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]"));
  EXPECT_TRUE(is_true("[1, 2, 3].filter(x, x != 2) == [1, 3]"));
  EXPECT_TRUE(is_true("{'a': 1, 'b': 2}.all(k, k < 'c')"));
  EXPECT_TRUE(is_true("[[1, 2], [3]].all(l, l.exists(x, x % 2 == 1))"));
  EXPECT_TRUE(is_true("[].all(x, nothing)"));
  EXPECT_TRUE(is_true("['a'].all(x, true)"));
}

TEST_F(ExpressionsTest, MatchesRegularExpressions) {
  EXPECT_TRUE(is_true("'/api/v1/users'.matches('^/api/v[0-9]+/')"));
  EXPECT_TRUE(is_true("matches('abc', 'b')"));
  EXPECT_TRUE(is_true("!'abc'.matches('^b')"));
  EXPECT_TRUE(is_true(R"('me@example.com'.matches(r'^[\w.+-]+@[\w-]+(\.[\w-]+)+$'))"));
  EXPECT_EQ(evaluate_status("'abc'.matches('(')"), Status::InternalFailure);
}

TEST_F(ExpressionsTest, RefusesTextsThatAreNoExpression) {
  for (std::string_view text : {"", "1 +", "request.", "a b", "(", "'open", "\xff\xfe", "1 ? 2",
                                "a.?b", "{1: }", "[1, 2"}) {
    EXPECT_EQ(plugin.call("expr_create", text), Status::BadArgument) << text;
  }
}

TEST_F(ExpressionsTest, RefusesTextsThatAreTooLong) {
  std::string text = "'" + std::string(Expressions::kMaxTextBytes - 2, 'x') + "'";
  EXPECT_NE(create(text), "");
  EXPECT_EQ(plugin.call("expr_create", text + " "), Status::BadArgument);
}

// Each of these is a deep tree made of few bytes, which a recursive parser or evaluator follows
// until the stack ends.
TEST_F(ExpressionsTest, RefusesDeepNesting) {
  const size_t size = Expressions::kMaxTextBytes;
  for (const std::string& text : {
           repeated("(", size / 2 - 1) + "1" + repeated(")", size / 2 - 1),
           repeated("[", size / 2 - 1) + "1" + repeated("]", size / 2 - 1),
           "1" + repeated("+1", size / 2 - 1),
           "a" + repeated(".a", size / 2 - 1),
           "a" + repeated(".a()", size / 4 - 1),
           "a" + repeated("[0]", size / 3 - 1),
           "1" + repeated("==1", size / 3 - 1),
           repeated("true?1:", size / 8) + "1",
           repeated("{1:", size / 4 - 1) + "1" + repeated("}", size / 4 - 1),
           repeated("[1].map(x,", size / 11 - 1) + "1" + repeated(")", size / 11 - 1),
           repeated("(", size),
           repeated("?:", size / 2),
       }) {
    EXPECT_EQ(plugin.call("expr_create", text), Status::BadArgument) << text.substr(0, 20);
  }
}

// Runs on a thread with a stack of that size.
template <typename Body>
void run_on_stack(size_t bytes, Body body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread;
  auto run = [](void* what) -> void* {
    (*static_cast<Body*>(what))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST_F(ExpressionsTest, NeedsLittleOfItsCallersStack) {
  run_on_stack(256 << 10, [this] {
    EXPECT_EQ(evaluate("1" + repeated("+1", 98)), bytes_of(int64_t{99}));
    EXPECT_TRUE(is_true("size(" + repeated("[", 90) + "1" + repeated("]", 90) + ") == 1"));
    EXPECT_TRUE(is_true(repeated("[1].all(x,", 20) + "true" + repeated(")", 20)));
    EXPECT_EQ(evaluate("'x'" + repeated(".matches('x')?'x':'y'", 30)), "x");
  });
}

TEST_F(ExpressionsTest, TakesWideExpressions) {
  EXPECT_TRUE(is_true("5 in [1" + repeated(", 2", 1000) + ", 5]"));
  EXPECT_TRUE(is_true("false" + repeated(" || false", 1000) + " || true"));
  EXPECT_TRUE(is_true("true" + repeated(" && true", 1000)));
}

TEST_F(ExpressionsTest, EndsLoopsThatCostTooMuch) {
  const std::string list = "[1" + repeated(",1", 99) + "]";
  for (const char* body :
       {"a.all(w, a.all(x, a.all(y, a.all(z, true))))", "a.map(w, a.map(x, a.map(y, a.map(z, 1))))",
        "a.filter(w, a.filter(x, a.filter(y, a.filter(z, true) == a) == a) == a)",
        "a.exists_one(w, a.exists_one(x, a.exists_one(y, a.exists_one(z, true))))",
        "a.exists(w, a.exists(x, a.exists(y, a.exists(z, false))))"}) {
    const std::string text = "[" + list + "].all(a, [" + body + "] != [])";
    EXPECT_EQ(evaluate_status(text), Status::InternalFailure) << body;
  }
}

TEST_F(ExpressionsTest, LetsNoOperatorHideThatItCostTooMuch) {
  const std::string list = "[1" + repeated(",1", 99) + "]";
  const std::string endless = "[" + list + "].all(a, a.all(w, a.all(x, a.all(y, a.all(z, true)))))";
  EXPECT_EQ(evaluate_status(endless + " || true"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("!(" + endless + " && false)"), Status::InternalFailure);
}

TEST_F(ExpressionsTest, EndsTextsAndListsThatGrowTooLarge) {
  std::string texts = "'0123456789'";
  std::string lists = "[1, 2]";
  for (int i = 0; i < 25; ++i) {
    texts = "[" + texts + "].map(x, x + x)[0]";
    lists = "[" + lists + "].map(x, [x, x])[0]";
  }
  EXPECT_EQ(evaluate_status("size(" + texts + ")"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("size(" + lists + ")"), Status::InternalFailure);
}

TEST_F(ExpressionsTest, EndsSearchesThatCostTooMuch) {
  properties()["request.path"] = std::string(1 << 20, 'a');
  EXPECT_TRUE(is_true("request.path.contains('a')"));
  EXPECT_EQ(evaluate_status("[1" + repeated(",1", 999) + "].all(x, !request.path.contains('b'))"),
            Status::InternalFailure);
}

// A backtracking search takes 2^n steps here, and one without backtracking n states for each byte.
TEST_F(ExpressionsTest, EndsSearchesForHostilePatterns) {
  uint32_t random = 1;
  std::string& text = properties()["request.path"];
  while (text.size() < 64 << 10) {
    random = random * 1664525 + 1013904223;
    text += random >> 31 == 0 ? 'a' : 'b';
  }
  EXPECT_EQ(evaluate("request.path.matches('(a*)*(b*)*(a*)*c')"), std::string(1, '\0'));
  EXPECT_EQ(evaluate_status("request.path.matches('[ab]*a[ab]{20}c')"), Status::InternalFailure);
  EXPECT_EQ(evaluate_status("request.path.matches('[ab]*a[ab]{1600}c')"), Status::InternalFailure);
}

TEST_F(ExpressionsTest, MatchesManyTextsAgainstOnePattern) {
  const std::string token = create("request.path.matches('^[ab]*a[ab]{8}c$')");
  for (uint32_t i = 0; i < 2000; ++i) {
    std::string& text = properties()["request.path"];
    text.clear();
    for (uint32_t bits = i; bits != 0; bits >>= 1) text += bits & 1 ? 'a' : 'b';
    text += "abbbbbbbbc";
    ASSERT_EQ(plugin.call("expr_evaluate", token), Status::Ok);
    ASSERT_EQ(plugin.result, "\x01");
  }
}

TEST_F(ExpressionsTest, EndsRegularExpressionsThatAreTooLarge) {
  EXPECT_EQ(evaluate_status("'a'.matches('((\\\\w{100}){100}){100}')"), Status::InternalFailure);
  std::string numbers = "[0";
  for (int i = 1; i < 300; ++i) numbers += "," + std::to_string(i);
  EXPECT_EQ(evaluate_status(numbers + "].all(x, 'a'.matches('a|' + string(x)))"),
            Status::InternalFailure);
}

TEST_F(ExpressionsTest, StartsEachEvaluationWithTheWholeBudget) {
  const std::string token = create("[1" + repeated(",1", 999) + "].all(x, x == 1)");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(plugin.call("expr_evaluate", token), Status::Ok);
}

TEST_F(ExpressionsTest, AnswersToNoTokenOfAnotherSize) {
  for (std::string_view token : {"", "123", "12345"}) {
    EXPECT_EQ(plugin.call("expr_evaluate", token), Status::BadArgument);
    EXPECT_EQ(plugin.call("expr_delete", token), Status::BadArgument);
  }
}

TEST_F(ExpressionsTest, ForgetsWhatIsDeleted) {
  const std::string one = create("1");
  const std::string two = create("2");
  ASSERT_EQ(plugin.call("expr_delete", one), Status::Ok);
  EXPECT_EQ(plugin.call("expr_evaluate", one), Status::NotFound);
  EXPECT_EQ(plugin.call("expr_delete", one), Status::Ok);
  EXPECT_EQ(plugin.call("expr_evaluate", two), Status::Ok);
  EXPECT_EQ(plugin.call("expr_evaluate", bytes_of(uint32_t{0})), Status::NotFound);
}

TEST_F(ExpressionsTest, BoundsTheNumberOfExpressions) {
  for (size_t i = 0; i < Expressions::kMaxCount; ++i) ASSERT_NE(create("1"), "");
  EXPECT_EQ(plugin.call("expr_create", "1"), Status::InternalFailure);
  ASSERT_EQ(plugin.call("expr_delete", bytes_of(uint32_t{7})), Status::Ok);
  EXPECT_EQ(plugin.call("expr_create", "1"), Status::Ok);
}

}  // namespace
}  // namespace weir::runtime::foreign
