#include "planes/serve/outlier_detector.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::serve {
namespace {

constexpr uint32_t kUnavailable = 503;
constexpr uint32_t kGatewayTimeout = 504;

bool is_gateway_failure(uint32_t status) { return status >= 502 && status <= 504; }

// Below it an endpoint has far fewer successes than the others.
double success_threshold(const std::vector<double>& rates, double factor) {
  double sum = 0;
  for (const double rate : rates) sum += rate;
  const double mean = sum / static_cast<double>(rates.size());
  double squares = 0;
  for (const double rate : rates) squares += (rate - mean) * (rate - mean);
  return mean - factor * std::sqrt(squares / static_cast<double>(rates.size()));
}

}  // namespace

void OutlierRecord::note_status(uint32_t status) {
  if (detector_ == nullptr) return;
  const config::OutlierDetection& settings = detector_->parts_.settings;
  ++answers_.all;
  if (status < 500 || status > 599) {
    ++answers_.well;
    server_errors_ = gateway_failures_ = 0;
    return;
  }
  gateway_failures_ = is_gateway_failure(status) ? gateway_failures_ + 1 : 0;
  ++server_errors_;
  if (gateway_failures_ == settings.gateway_failures.count) {
    gateway_failures_ = 0;
    detector_->detect(*this, Ejection::GatewayFailures, settings.gateway_failures.enforcing);
  }
  if (server_errors_ == settings.server_errors.count) {
    server_errors_ = 0;
    detector_->detect(*this, Ejection::ServerErrors, settings.server_errors.enforcing);
  }
}

void OutlierRecord::note_local(bool well) {
  const config::OutlierDetection& settings = detector_->parts_.settings;
  ++local_.all;
  if (well) {
    ++local_.well;
    local_failures_ = 0;
  } else if (++local_failures_ == settings.local_failures.count) {
    local_failures_ = 0;
    detector_->detect(*this, Ejection::LocalFailures, settings.local_failures.enforcing);
  }
}

void OutlierRecord::note_connected() {
  if (detector_ != nullptr && detector_->parts_.settings.split_local_origin) note_local(true);
}

void OutlierRecord::note_served() {
  if (detector_ == nullptr) return;
  detector_->parts_.settings.split_local_origin ? note_local(true) : note_status(200);
}

void OutlierRecord::note_failure() {
  if (detector_ == nullptr) return;
  detector_->parts_.settings.split_local_origin ? note_local(false) : note_status(kUnavailable);
}

void OutlierRecord::note_timeout() {
  if (detector_ == nullptr) return;
  detector_->parts_.settings.split_local_origin ? note_local(false) : note_status(kGatewayTimeout);
}

OutlierDetector::OutlierDetector(Parts parts)
    : parts_(std::move(parts)), next_look_(parts_.now() + parts_.settings.interval) {}

OutlierDetector::~OutlierDetector() {
  for (const auto& record : records_) record->detector_ = nullptr;
  parts_.stats.active.subtract(ejected_);
}

std::shared_ptr<OutlierRecord> OutlierDetector::add() {
  return records_.emplace_back(std::make_shared<OutlierRecord>(*this));
}

void OutlierDetector::remove(OutlierRecord& record) {
  if (record.ejected_) {
    --ejected_;
    parts_.stats.active.subtract();
  }
  record.detector_ = nullptr;
  std::erase_if(records_, [&](const auto& known) { return known.get() == &record; });
}

void OutlierDetector::on_healthy(OutlierRecord& record) {
  if (!parts_.settings.health_check_ends_ejection || !record.ejected_) return;
  end_ejection(record);
  parts_.on_change();
}

void OutlierDetector::detect(OutlierRecord& record, Ejection kind, uint32_t enforcing) {
  if (record.ejected_) return;
  OutlierStats::Kind& counts = parts_.stats.kinds[static_cast<size_t>(kind)];
  counts.detected.add();
  if (!may_eject()) return parts_.stats.overflows.add();
  if (parts_.random() % 100 >= enforcing) return;
  counts.enforced.add();
  eject(record);
  parts_.on_change();
}

bool OutlierDetector::may_eject() const {
  if (parts_.settings.always_eject_one && ejected_ == 0) return true;
  return 100 * (ejected_ + 1) <= parts_.settings.max_ejection_percent * records_.size();
}

void OutlierDetector::eject(OutlierRecord& record) {
  const config::OutlierDetection& settings = parts_.settings;
  record.ejected_ = true;
  record.ejected_at_ = parts_.now();
  const auto most = static_cast<uint64_t>(settings.max_jitter.count());
  record.jitter_ = Milliseconds(static_cast<int64_t>(parts_.random() % (most + 1)));
  if (record.backoff_ * settings.base_ejection_time <
      settings.max_ejection_time + settings.base_ejection_time) {
    ++record.backoff_;
  }
  ++ejected_;
  parts_.stats.active.add();
  parts_.stats.enforced.add();
}

void OutlierDetector::end_ejection(OutlierRecord& record) {
  record.ejected_ = false;
  record.clear_rows();
  --ejected_;
  parts_.stats.active.subtract();
}

void OutlierDetector::sweep() {
  const Time now = parts_.now();
  if (now < next_look_) return;
  next_look_ = now + parts_.settings.interval;
  end_ejections();
  const config::OutlierDetection& settings = parts_.settings;
  eject_by_rates(&OutlierRecord::answers_, Ejection::SuccessRate, settings.success_rate.enforcing,
                 Ejection::FailurePercentage, settings.failure_percentage.enforcing);
  if (settings.split_local_origin) {
    eject_by_rates(&OutlierRecord::local_, Ejection::LocalSuccessRate,
                   settings.success_rate.enforcing_local, Ejection::LocalFailurePercentage,
                   settings.failure_percentage.enforcing_local);
  }
  for (const auto& record : records_) record->answers_ = record->local_ = {};
}

void OutlierDetector::end_ejections() {
  const Time now = parts_.now();
  const config::OutlierDetection& settings = parts_.settings;
  bool changed = false;
  for (const auto& record : records_) {
    if (!record->ejected_) {
      // Whoever behaves is ejected for less long the next time.
      if (record->backoff_ > 0) --record->backoff_;
      continue;
    }
    const Milliseconds length = std::min<Milliseconds>(
        record->backoff_ * settings.base_ejection_time, settings.max_ejection_time);
    if (now - record->ejected_at_ < length + record->jitter_) continue;
    end_ejection(*record);
    changed = true;
  }
  if (changed) parts_.on_change();
}

std::vector<OutlierRecord*> OutlierDetector::with_volume(RateOf rate, uint32_t volume) const {
  std::vector<OutlierRecord*> found;
  for (const auto& record : records_) {
    const auto& counts = (*record).*rate;
    if (!record->ejected_ && counts.all > 0 && counts.all >= volume) found.push_back(record.get());
  }
  return found;
}

void OutlierDetector::eject_by_rates(RateOf rate, Ejection success, uint32_t enforcing_success,
                                     Ejection failure, uint32_t enforcing_failure) {
  const auto& by_success = parts_.settings.success_rate;
  const auto compared = with_volume(rate, by_success.request_volume);
  if (!compared.empty() && compared.size() >= by_success.minimum_hosts) {
    std::vector<double> rates;
    for (const OutlierRecord* record : compared) rates.push_back((record->*rate).percent());
    const double threshold = success_threshold(rates, by_success.stdev_factor / 1000.0);
    for (size_t i = 0; i < compared.size(); ++i) {
      if (rates[i] < threshold) detect(*compared[i], success, enforcing_success);
    }
  }
  const auto& by_failure = parts_.settings.failure_percentage;
  const auto looked_at = with_volume(rate, by_failure.request_volume);
  if (looked_at.size() < by_failure.minimum_hosts) return;
  for (OutlierRecord* record : looked_at) {
    const double failures = 100.0 - (record->*rate).percent();
    if (failures >= by_failure.threshold) detect(*record, failure, enforcing_failure);
  }
}

}  // namespace weir::serve
