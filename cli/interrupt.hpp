// SIGINT and SIGTERM: the first ends what is under way in order, a second one ends the program at once.
//
// A command that has nothing to clean up is ended at once by the first signal too; one that has says so
// with an OrderlyEnd.
#pragma once

#include "cli/descriptor.hpp"

#include <atomic>
#include <memory>
#include <thread>

namespace talaria::cli {

// There is one in a process. Its functions are called by the main thread.
class Interrupt {
public:
  // From now on a signal ends the program at once.
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // From now on a thread waits for the signals, which are blocked in all others: to be called before
  // there are any. What needs it calls it itself.
  void watch();

  // Set by the first signal: what OperationOptions takes. Others may set it to cancel an operation.
  std::shared_ptr<std::atomic<bool>> flag() {
    watch();
    return flag_;
  }

  // Whether a signal came.
  bool requested() const { return signalled_; }

  // A descriptor that is readable from the first signal on, for poll().
  int descriptor() {
    watch();
    return requested_.get();
  }

  // While one of them lives, the first signal only asks.
  class OrderlyEnd {
  public:
    explicit OrderlyEnd(Interrupt& interrupt) : count_(interrupt.orderly_) {
      interrupt.watch();
      ++count_;
    }
    ~OrderlyEnd() { --count_; }
    OrderlyEnd(const OrderlyEnd&) = delete;
    OrderlyEnd& operator=(const OrderlyEnd&) = delete;

  private:
    std::atomic<int>& count_;
  };

private:
  void wait_for_signals();

  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> signalled_{false};
  std::atomic<int> orderly_{0};
  Descriptor requested_; // eventfd
  Descriptor stop_;      // eventfd: ends the thread
  Descriptor signals_;   // signalfd
  std::thread thread_;   // once it watches
};

// Waits until `fd` is ready for `events` (as poll() takes them). False if `stop` was readable first.
bool wait_ready(int fd, short events, int stop) noexcept;

} // namespace talaria::cli
