#include "http/socket_watch.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

void start_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(std::string("libcurl: ") + curl_easy_strerror(code));
}

void check(CURLMcode code) {
  if (code != CURLM_OK) throw Error(std::string("libcurl: ") + curl_multi_strerror(code));
}

std::uint32_t events_of(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

int actions_of(std::uint32_t events) {
  int actions = 0;
  if ((events & EPOLLIN) != 0) actions |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) actions |= CURL_CSELECT_OUT;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) actions |= CURL_CSELECT_ERR;
  return actions;
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

SocketWatch::SocketWatch(int max_connections) {
  start_libcurl();
  multi_.reset(curl_multi_init());
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (!multi_ || epoll_ < 0) throw Error("the system gives no means to send requests");
  CURLM* multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(max_connections));
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &SocketWatch::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &SocketWatch::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
}

SocketWatch::~SocketWatch() {
  multi_.reset();  // takes its sockets out of the set
  if (epoll_ >= 0) close(epoll_);
}

void SocketWatch::add(CURL* transfer) { check(curl_multi_add_handle(multi_.get(), transfer)); }

void SocketWatch::remove(CURL* transfer) {
  check(curl_multi_remove_handle(multi_.get(), transfer));
}

void SocketWatch::work(double seconds) {
  act_on_time();
  if (timer_) seconds = std::min(seconds, *timer_ - steady_seconds());
  const double milliseconds = std::clamp(std::ceil(seconds * 1e3), 0.0, 60e3);
  std::array<epoll_event, 64> events{};
  const int num_events = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                    static_cast<int>(milliseconds));
  for (int i = 0; i < num_events; ++i) {  // none when a signal came
    const auto& event = events[static_cast<std::size_t>(i)];
    act(event.data.fd, actions_of(event.events));
  }
  act_on_time();
}

std::optional<SocketWatch::Done> SocketWatch::next_done() {
  int num_left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &num_left)) {
    if (message->msg == CURLMSG_DONE) return Done{message->easy_handle, message->data.result};
  }
  return std::nullopt;
}

void SocketWatch::act(curl_socket_t socket, int events) {
  int num_running = 0;
  check(curl_multi_socket_action(multi_.get(), socket, events, &num_running));
}

void SocketWatch::act_on_time() {
  if (!timer_ || *timer_ > steady_seconds()) return;
  timer_.reset();
  act(CURL_SOCKET_TIMEOUT, 0);
}

int SocketWatch::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto& watch = *static_cast<SocketWatch*>(self);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(watch.epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events = events_of(what);
  event.data.fd = socket;
  epoll_ctl(watch.epoll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  if (known == nullptr) curl_multi_assign(watch.multi_.get(), socket, self);
  return 0;
}

int SocketWatch::on_timer(CURLM*, long milliseconds, void* self) {
  auto& watch = *static_cast<SocketWatch*>(self);
  watch.timer_.reset();
  if (milliseconds >= 0) {
    watch.timer_ = steady_seconds() + static_cast<double>(milliseconds) / 1e3;
  }
  return 0;
}

}  // namespace bbprompt
