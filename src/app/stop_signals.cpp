#include "app/stop_signals.hpp"

#include <unistd.h>

#include <csignal>
#include <ctime>
#include <initializer_list>

namespace bbprompt {
namespace {

volatile std::sig_atomic_t received_signal = 0;

volatile std::sig_atomic_t received_at = 0;  // seconds of the monotonic clock

std::sig_atomic_t seconds_now() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);  // one of the few calls a handler may make
  return static_cast<std::sig_atomic_t>(now.tv_sec);
}

void end_by(int number) {
  (void)std::signal(number, SIG_DFL);
  (void)std::raise(number);
}

// The first asks for an orderly end; who asks again, because nothing happens, gets one at once.
// Launchers and Slurm may send one request twice, so that a second SIGTERM in the same moment is
// none.
void on_signal(int number) {
  const std::sig_atomic_t now = seconds_now();
  if (received_signal == number) {
    if (number == SIGINT) end_by(number);
    if ((number == SIGTERM || number == SIGHUP) && now - received_at >= 2) end_by(number);
    return;
  }
  received_signal = number;
  received_at = now;
}

// A file that is used from a memory map was cut, or its disk failed.
void on_lost_pages(int number) {
  constexpr char kText[] =
      "bbprompt: a file was cut or overwritten while it was in use, or its disk failed: look at "
      "the "
      "weights of the model, put them back, and run the same command again\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText, sizeof kText - 1);
  end_by(number);
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  (void)::sigaction(number, &action, nullptr);
}

// As under nohup.
bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void catch_stop_signals() {
  (void)::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails like one on a full disk
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) handle(number, on_signal);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, on_signal);  // the terminal was closed
  handle(SIGBUS, on_lost_pages);
}

int stop_signal() { return received_signal; }

}  // namespace bbprompt
