#include "planes/serve/http1_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::serve {
namespace {

using Written = Http1Writer::Written;

class Http1WriterTest : public ::testing::Test {
 protected:
  std::string text() {
    std::string text;
    while (!out.empty()) text += as_text(out.take_front(SIZE_MAX).bytes());
    return text;
  }

  static Body body(std::string_view bytes) {
    Body result;
    result.append_copy(as_bytes(bytes));
    return result;
  }

  Body out;
  Counter dropped;
  Http1Writer writer{out, dropped};
  const HeaderList get{{":method", "GET"}, {":path", "/"}, {":authority", "a"}};
};

// What a plugin sets must not become a second header, or a second response.
TEST_F(Http1WriterTest, LeavesOutFieldsThatWouldSplitTheMessage) {
  const HeaderList headers{{":status", "200"},
                           {"x-value", "a\r\nset-cookie: stolen=1"},
                           {"x-nul", std::string_view("a\0b", 3)},
                           {"x-lf", "a\nb"},
                           {"x\r\ny", "1"},
                           {"x y", "1"},
                           {"x:", "1"},
                           {"", "1"},
                           {"x-good", "caf\xc3\xa9\tau lait"}};
  EXPECT_EQ(writer.response(headers, EndOfStream::Yes, {}), Written::Ok);
  EXPECT_EQ(text(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-good: caf\xc3\xa9\tau lait\r\n\r\n");
  EXPECT_EQ(dropped.value(), 7U);
}

TEST_F(Http1WriterTest, RefusesAStatusThatIsNone) {
  for (std::string_view status : {"", "20", "2000", "abc", "099", "100", "2 0", "200 OK\r\nx: y"}) {
    EXPECT_EQ(writer.response({{":status", status}}, EndOfStream::Yes, {}), Written::Refused);
  }
  EXPECT_EQ(writer.response({{"x", "1"}}, EndOfStream::Yes, {}), Written::Refused);
  EXPECT_EQ(text(), "");
}

TEST_F(Http1WriterTest, RefusesARequestLineThatIsNone) {
  for (std::string_view name : {":method", ":path", ":authority"}) {
    for (std::string_view value : {"", "a b", "/\r\nx: y", "/\n", "\x7f"}) {
      HeaderList headers{{":method", "GET"}, {":path", "/"}, {":authority", "a"}};
      ASSERT_TRUE(headers.replace(name, value));
      EXPECT_EQ(writer.request(headers, EndOfStream::Yes), Written::Refused) << name << value;
    }
  }
  EXPECT_EQ(text(), "");
}

TEST_F(Http1WriterTest, DecidesTheFramingAlone) {
  HeaderList headers = get;
  ASSERT_TRUE(headers.add("transfer-encoding", "gzip"));
  ASSERT_TRUE(headers.add("connection", "close"));
  ASSERT_TRUE(headers.add("content-length", "3"));
  ASSERT_TRUE(headers.add("content-length", "5"));
  EXPECT_EQ(writer.request(headers, EndOfStream::No), Written::Ok);
  EXPECT_EQ(text(), "GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST_F(Http1WriterTest, SaysThatAPostHasNoBody) {
  EXPECT_EQ(
      writer.request({{":method", "POST"}, {":path", "/"}, {":authority", "a"}}, EndOfStream::Yes),
      Written::Ok);
  EXPECT_EQ(text(), "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1WriterTest, RefusesABodyThatIsNotAsLongAsDeclared) {
  const HeaderList headers{{":status", "200"}, {"content-length", "3"}};
  EXPECT_EQ(writer.response(headers, EndOfStream::No, {}), Written::Ok);
  EXPECT_EQ(writer.data(body("abcd"), EndOfStream::No), Written::Refused);

  EXPECT_EQ(writer.response(headers, EndOfStream::No, {}), Written::Ok);
  EXPECT_EQ(writer.data(body("ab"), EndOfStream::Yes), Written::Refused);

  EXPECT_EQ(writer.response(headers, EndOfStream::No, {}), Written::Ok);
  EXPECT_EQ(writer.data(body("ab"), EndOfStream::No), Written::Ok);
  EXPECT_EQ(writer.trailers({{"x", "1"}}), Written::Refused);
}

TEST_F(Http1WriterTest, LeavesOutTheBodyOfAResponseWithoutOne) {
  EXPECT_EQ(writer.response({{":status", "204"}}, EndOfStream::No, {}), Written::Ok);
  EXPECT_EQ(writer.data(body("abc"), EndOfStream::Yes), Written::Ok);
  EXPECT_EQ(text(), "HTTP/1.1 204 No Content\r\n\r\n");

  EXPECT_EQ(writer.response({{":status", "200"}}, EndOfStream::No, {.head = true}), Written::Ok);
  EXPECT_EQ(writer.data(body("abc"), EndOfStream::Yes), Written::Ok);
  EXPECT_EQ(text(), "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_F(Http1WriterTest, DoesNotWriteAnEmptyChunkBeforeTheEnd) {
  EXPECT_EQ(writer.response({{":status", "200"}}, EndOfStream::No, {}), Written::Ok);
  text();
  EXPECT_EQ(writer.data(Body(), EndOfStream::No), Written::Ok);
  EXPECT_EQ(text(), "");
  EXPECT_EQ(writer.data(body(std::string(26, 'x')), EndOfStream::No), Written::Ok);
  EXPECT_EQ(text(), "1a\r\n" + std::string(26, 'x') + "\r\n");
  EXPECT_EQ(writer.trailers({{"x-end", "1"}, {"content-length", "9"}, {"x", "a\r\nb"}}),
            Written::Ok);
  EXPECT_EQ(text(), "0\r\nx-end: 1\r\n\r\n");
}

TEST_F(Http1WriterTest, LeavesOutAnInterimResponseThatIsNone) {
  for (std::string_view status : {"101", "200", "1", "abc"}) writer.interim({{":status", status}});
  EXPECT_EQ(text(), "");
  writer.interim({{":status", "100"}});
  EXPECT_EQ(text(), "HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace
}  // namespace weir::serve
