#include "planes/serve/http_date.h"

#include <array>
#include <chrono>

namespace weir::serve {
namespace {

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct FormattedSecond {
  std::chrono::sys_seconds second = std::chrono::sys_seconds::min();
  std::array<char, 29> text{};
};

void put(char*& at, std::string_view text) { at = text.copy(at, text.size()) + at; }

void put_number(char*& at, unsigned number, int digits) {
  for (int i = digits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
  at += digits;
}

void format(std::chrono::sys_seconds time, char* at) {
  using namespace std::chrono;
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  put(at, kDays[weekday(day).c_encoding()]);
  put(at, ", ");
  put_number(at, static_cast<unsigned>(date.day()), 2);
  put(at, " ");
  put(at, kMonths[static_cast<unsigned>(date.month()) - 1]);
  put(at, " ");
  put_number(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(at, " ");
  put_number(at, static_cast<unsigned>(clock.hours().count()), 2);
  put(at, ":");
  put_number(at, static_cast<unsigned>(clock.minutes().count()), 2);
  put(at, ":");
  put_number(at, static_cast<unsigned>(clock.seconds().count()), 2);
  put(at, " GMT");
}

}  // namespace

std::string_view http_date(Nanoseconds wall) {
  thread_local FormattedSecond last;
  const std::chrono::sys_seconds second(std::chrono::floor<std::chrono::seconds>(wall));
  if (second != last.second) {
    last.second = second;
    format(second, last.text.data());
  }
  return {last.text.data(), last.text.size()};
}

}  // namespace weir::serve
