#include "app/stop_signals.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace bbprompt {
namespace {

// What a stop has left to end in an orderly way after a second SIGTERM, which asks for an end
// within a second.
constexpr suseconds_t kLastMicroseconds = 700'000;

volatile std::sig_atomic_t received_signal = 0;
volatile std::sig_atomic_t num_terms = 0;

void end_by(int number) {
  (void)std::signal(number, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  (void)::raise(number);
  (void)::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

void on_last_moment(int /*number*/) { end_by(SIGTERM); }

// A launcher that passes a signal on may double it, so the second SIGTERM does not end the process
// at once. SIGHUP comes from the kernel and from the shell: any number of them count once.
void on_signal(int number) {
  if (received_signal == SIGINT && number == SIGINT) end_by(SIGINT);
  if (number == SIGTERM) {
    num_terms = num_terms + 1;
    const itimerval timer = {.it_interval = {},
                             .it_value = {.tv_sec = 0, .tv_usec = kLastMicroseconds}};
    if (num_terms == 2) (void)::setitimer(ITIMER_REAL, &timer, nullptr);
  }
  received_signal = number;
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

bool is_ignored(int number) {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

void catch_stop_signals() {
  (void)::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails like one on a full disk
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) handle(number, on_signal);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, on_signal);  // nohup has it ignored
  handle(SIGALRM, on_last_moment);
  handle(SIGBUS, on_lost_pages);
}

int stop_signal() { return received_signal; }

}  // namespace bbprompt
