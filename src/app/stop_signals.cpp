#include "app/stop_signals.hpp"

#include <csignal>
#include <initializer_list>

namespace bbprompt {
namespace {

volatile std::sig_atomic_t received_signal = 0;

void on_signal(int number) {
  if (received_signal == SIGINT && number == SIGINT) {
    (void)std::signal(SIGINT, SIG_DFL);
    (void)std::raise(SIGINT);
  }
  received_signal = number;
}

}  // namespace

void catch_stop_signals() {
  (void)::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails like one on a full disk
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    (void)::sigaction(number, &action, nullptr);
  }
}

int stop_signal() { return received_signal; }

}  // namespace bbprompt
