#pragma once
// An event of a transaction's.

#include "planes/ats/transaction.h"

namespace weir::ats_plane {

// While it runs: the server has taken the transaction's lock. What plugins ask for meanwhile is
// settled when the outermost one ends.
class Transaction::Entry {
 public:
  explicit Entry(Transaction& transaction)
      : transaction_(transaction), current_(transaction.worker_, transaction) {
    ++transaction_.entries_;
  }
  ~Entry() {
    if (transaction_.entries_ == 1) transaction_.settle();
    --transaction_.entries_;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  Transaction& transaction_;
  const Worker::CurrentOwner current_;
};

}  // namespace weir::ats_plane
