#pragma once
// Which endpoints of a cluster are left out for a while, since they answer badly (Envoy's outlier
// detection).

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "config/outlier_detection.h"
#include "planes/serve/counter.h"

namespace weir::serve {

class OutlierDetector;

// What for an endpoint is ejected.
enum class Ejection : uint8_t {
  ServerErrors,
  GatewayFailures,
  LocalFailures,
  SuccessRate,
  LocalSuccessRate,
  FailurePercentage,
  LocalFailurePercentage,
};
inline constexpr size_t kEjectionKinds = 7;

// Thread: its worker's changes it, any reads it.
struct OutlierStats {
  struct Kind {
    Counter detected;
    Counter enforced;
  };
  std::array<Kind, kEjectionKinds> kinds;
  Counter active;     // ejected now
  Counter enforced;   // of all kinds
  Counter overflows;  // ejections that would have been one too many
};

// How one endpoint has fared. Whoever waits for the endpoint keeps it. Thread: its worker's.
class OutlierRecord {
 public:
  explicit OutlierRecord(OutlierDetector& detector) : detector_(&detector) {}

  // The endpoint has answered with that status.
  void note_status(uint32_t status);
  // It was connected, for a protocol that will tell how it fares.
  void note_connected();
  // The same where nothing else will be told.
  void note_served();
  // It could not be connected, or broke off before it had answered.
  void note_failure();
  // It did not answer in time.
  void note_timeout();

  bool is_ejected() const { return ejected_; }

 private:
  friend OutlierDetector;
  using Time = std::chrono::steady_clock::time_point;

  // Of one interval.
  struct Rate {
    uint32_t all = 0;
    uint32_t well = 0;
    double percent() const { return 100.0 * well / all; }
  };

  void note_local(bool well);
  void clear_rows() { server_errors_ = gateway_failures_ = local_failures_ = 0; }

  OutlierDetector* detector_;   // null: it has gone, or the endpoint is none of its cluster's
  uint32_t server_errors_ = 0;  // in a row, as the next two
  uint32_t gateway_failures_ = 0;
  uint32_t local_failures_ = 0;
  Rate answers_;
  Rate local_;
  bool ejected_ = false;
  Time ejected_at_{};
  Milliseconds jitter_{};
  uint32_t backoff_ = 0;  // how many times the base ejection time
};

// Each worker has its own, as it has its own connections. Thread: its worker's.
class OutlierDetector {
 public:
  using Time = OutlierRecord::Time;

  struct Parts {
    const config::OutlierDetection& settings;
    OutlierStats& stats;
    // Another endpoint is ejected, or no longer so. Called from inside whatever tells results.
    std::function<void()> on_change;
    std::function<Time()> now;
    std::function<uint64_t()> random;
  };
  // All that parts refer to outlives it.
  explicit OutlierDetector(Parts parts);
  ~OutlierDetector();

  std::shared_ptr<OutlierRecord> add();
  // The endpoint is no longer the cluster's.
  void remove(OutlierRecord& record);

  // The endpoint's health check has passed.
  void on_healthy(OutlierRecord& record);

  // Ends ejections, and looks at rates, where the interval has passed. To be called now and then.
  void sweep();

 private:
  friend OutlierRecord;
  using RateOf = OutlierRecord::Rate OutlierRecord::*;

  void detect(OutlierRecord& record, Ejection kind, uint32_t enforcing);
  bool may_eject() const;
  void eject(OutlierRecord& record);
  void end_ejection(OutlierRecord& record);
  void end_ejections();
  void eject_by_rates(RateOf rate, Ejection success, uint32_t enforcing_success, Ejection failure,
                      uint32_t enforcing_failure);
  std::vector<OutlierRecord*> with_volume(RateOf rate, uint32_t volume) const;

  const Parts parts_;
  std::vector<std::shared_ptr<OutlierRecord>> records_;
  size_t ejected_ = 0;
  Time next_look_;
};

}  // namespace weir::serve
