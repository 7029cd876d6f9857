#include "planes/serve/health_checker.h"

#include <algorithm>
#include <utility>

#include "planes/serve/health_probe.h"

namespace weir::serve {

// One kind of question, and what has been answered to it.
class HealthChecker::Check {
 public:
  Check(asio::io_context& io, const asio::ip::tcp::endpoint& address,
        const ClusterSettings& settings, const config::HealthCheck& check, ClusterStats& stats,
        HealthChecker& owner)
      : io_(io),
        address_(address),
        settings_(settings),
        check_(check),
        stats_(stats),
        owner_(owner),
        timer_(io) {}

  bool is_healthy() const { return healthy_; }

  void ask() {
    stats_.health_attempts.add();
    probe_ =
        std::make_unique<HealthProbe>(io_, address_, settings_, check_,
                                      [this](HealthProbe::Outcome outcome) { on_answer(outcome); });
    probe_->start();
  }

 private:
  void on_answer(HealthProbe::Outcome outcome) {
    probe_.reset();
    const bool passed = outcome == HealthProbe::Outcome::Passed;
    if (!passed) stats_.health_failures.add();
    in_a_row_ = passed == last_passed_ ? in_a_row_ + 1 : 1;
    last_passed_ = passed;
    const bool was_first = std::exchange(first_, false);
    const bool before = healthy_;
    if (passed && (was_first || in_a_row_ >= check_.healthy_threshold)) healthy_ = true;
    // An answer that is no good leaves no doubt (Envoy's rule).
    const bool at_once = outcome == HealthProbe::Outcome::Refused;
    if (!passed && (at_once || in_a_row_ >= check_.unhealthy_threshold)) healthy_ = false;
    ask_later();
    if (healthy_ != before) owner_.listener_.on_change();
    if (passed) owner_.listener_.on_passed();
  }

  void ask_later() {
    timer_.expires_after(healthy_ ? check_.interval : check_.unhealthy_interval);
    timer_.async_wait([self = std::weak_ptr(self_)](const error_code& error) {
      const auto alive = self.lock();
      if (!error && alive) (*alive)->ask();
    });
  }

  asio::io_context& io_;
  const asio::ip::tcp::endpoint address_;
  const ClusterSettings& settings_;
  const config::HealthCheck& check_;
  ClusterStats& stats_;
  HealthChecker& owner_;
  Timer timer_;
  std::unique_ptr<HealthProbe> probe_;
  uint32_t in_a_row_ = 0;
  bool last_passed_ = true;
  bool first_ = true;
  bool healthy_ = true;
  // Handlers that come after the end find it expired.
  std::shared_ptr<Check*> self_ = std::make_shared<Check*>(this);
};

HealthChecker::HealthChecker(asio::io_context& io, const asio::ip::tcp::endpoint& address,
                             const ClusterSettings& settings, ClusterStats& stats,
                             Listener listener)
    : listener_(std::move(listener)) {
  for (const config::HealthCheck& check : settings.health_checks) {
    checks_.push_back(std::make_unique<Check>(io, address, settings, check, stats, *this));
  }
}

HealthChecker::~HealthChecker() = default;

void HealthChecker::start() {
  for (const auto& check : checks_) check->ask();
}

bool HealthChecker::is_healthy() const { return std::ranges::all_of(checks_, &Check::is_healthy); }

}  // namespace weir::serve
