#include "bbprompt/http/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "http/socket_watch.hpp"
#include "http/transfer.hpp"

namespace bbprompt {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void add_header(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw Error("no memory for the headers of requests");
  static_cast<void>(list.release());
  list.reset(longer);
}

HeaderList request_headers(const std::string& key) {
  HeaderList list;
  add_header(list, "Content-Type: application/json");
  add_header(list, "Accept: application/json");
  add_header(list, "Expect:");  // servers that do not know 100-continue would cost a second each
  if (key.empty()) return list;
  if (std::ranges::any_of(key, [](unsigned char c) { return c <= ' ' || c >= 0x7f; })) {
    throw Error(
        "the key for the server holds characters that no header can hold (blanks, line "
        "ends or others outside ASCII)");
  }
  add_header(list, "Authorization: Bearer " + key);
  return list;
}

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(HttpOptions options)
      : options_(std::move(options)),
        headers_(request_headers(options_.key)),
        watch_(options_.max_connections) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;  // a handle that is cleaned up leaves its multi handle

  void start(HttpRequest request) {
    if (idle_.empty()) idle_.push_back(std::make_unique<Transfer>(options_, headers_.get()));
    Transfer& transfer = *idle_.back();
    transfer.begin(std::move(request), steady_seconds());
    watch_.add(transfer.handle());
    under_way_.push_back(std::move(idle_.back()));
    idle_.pop_back();
  }

  std::vector<HttpAnswer> finish(double timeout_seconds) {
    const double deadline = steady_seconds() + timeout_seconds;
    std::vector<HttpAnswer> answers;
    watch_.work(0.0);
    while (true) {
      take_finished(answers);
      give_up_overdue(answers);
      const double now = steady_seconds();
      if (!answers.empty() || now >= deadline) return answers;
      double next = deadline;
      for (const auto& transfer : under_way_) next = std::min(next, transfer->next_check());
      watch_.work(next - now);
    }
  }

 private:
  void take_finished(std::vector<HttpAnswer>& answers) {
    while (const auto done = watch_.next_done()) {
      const auto place = std::ranges::find(under_way_, done->transfer,
                                           [](const auto& transfer) { return transfer->handle(); });
      watch_.remove(done->transfer);
      answers.push_back((*place)->finished(done->code));
      retire(static_cast<std::size_t>(place - under_way_.begin()));
    }
  }

  void give_up_overdue(std::vector<HttpAnswer>& answers) {
    const double now = steady_seconds();
    for (std::size_t i = under_way_.size(); i-- > 0;) {
      const auto limit = under_way_[i]->overdue(now);
      if (!limit) continue;
      watch_.remove(under_way_[i]->handle());
      answers.push_back(under_way_[i]->given_up(*limit));
      retire(i);
    }
  }

  void retire(std::size_t place) {
    idle_.push_back(std::move(under_way_[place]));
    under_way_[place] = std::move(under_way_.back());
    under_way_.pop_back();
  }

  HttpOptions options_;
  HeaderList headers_;
  SocketWatch watch_;
  std::vector<std::unique_ptr<Transfer>> under_way_;  // gone before watch_
  std::vector<std::unique_ptr<Transfer>> idle_;
};

HttpClient::HttpClient(HttpOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpClient::~HttpClient() = default;

void HttpClient::start(HttpRequest request) { impl_->start(std::move(request)); }

std::vector<HttpAnswer> HttpClient::finish(double timeout_seconds) {
  return impl_->finish(timeout_seconds);
}

}  // namespace bbprompt
