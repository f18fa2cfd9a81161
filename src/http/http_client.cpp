#include "bbprompt/http/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "http/transfer.hpp"

namespace bbprompt {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void start_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(std::string("libcurl: ") + curl_easy_strerror(code));
}

void check(CURLMcode code) {
  if (code != CURLM_OK) throw Error(std::string("libcurl: ") + curl_multi_strerror(code));
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

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
  explicit Impl(HttpOptions options) : options_(std::move(options)) {
    start_libcurl();
    headers_ = request_headers(options_.key);
    multi_.reset(curl_multi_init());
    if (!multi_) throw Error("libcurl gives no handle for requests");
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options_.max_connections));
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (const auto& transfer : under_way_) {
      curl_multi_remove_handle(multi_.get(), transfer->handle());
    }
  }

  void start(HttpRequest request) {
    if (idle_.empty()) idle_.push_back(std::make_unique<Transfer>(options_, headers_.get()));
    Transfer& transfer = *idle_.back();
    transfer.begin(std::move(request), now());
    check(curl_multi_add_handle(multi_.get(), transfer.handle()));
    under_way_.push_back(std::move(idle_.back()));
    idle_.pop_back();
  }

  std::vector<HttpAnswer> finish(double timeout_seconds) {
    const double deadline = now() + timeout_seconds;
    std::vector<HttpAnswer> answers;
    while (true) {
      int num_running = 0;
      check(curl_multi_perform(multi_.get(), &num_running));
      take_finished(answers);
      give_up_overdue(answers);
      const double left = deadline - now();
      if (!answers.empty() || left <= 0.0) return answers;
      wait(left);
    }
  }

 private:
  void take_finished(std::vector<HttpAnswer>& answers) {
    int num_left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &num_left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message is gone with the handle
      const auto place = std::ranges::find(under_way_, message->easy_handle,
                                           [](const auto& transfer) { return transfer->handle(); });
      check(curl_multi_remove_handle(multi_.get(), (*place)->handle()));
      answers.push_back((*place)->finished(code));
      retire(static_cast<std::size_t>(place - under_way_.begin()));
    }
  }

  void give_up_overdue(std::vector<HttpAnswer>& answers) {
    const double time = now();
    for (std::size_t i = under_way_.size(); i-- > 0;) {
      const auto limit = under_way_[i]->overdue(time);
      if (!limit) continue;
      check(curl_multi_remove_handle(multi_.get(), under_way_[i]->handle()));
      answers.push_back(under_way_[i]->given_up(*limit));
      retire(i);
    }
  }

  void retire(std::size_t place) {
    idle_.push_back(std::move(under_way_[place]));
    under_way_[place] = std::move(under_way_.back());
    under_way_.pop_back();
  }

  void wait(double seconds) {
    const double time = now();
    for (const auto& transfer : under_way_) {
      seconds = std::min(seconds, transfer->next_check() - time);
    }
    const double milliseconds = std::clamp(std::ceil(seconds * 1e3), 0.0, 60e3);
    check(curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(milliseconds), nullptr));
  }

  HttpOptions options_;
  HeaderList headers_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::vector<std::unique_ptr<Transfer>> under_way_;  // before multi_ in the order of destruction
  std::vector<std::unique_ptr<Transfer>> idle_;
};

HttpClient::HttpClient(HttpOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpClient::~HttpClient() = default;

void HttpClient::start(HttpRequest request) { impl_->start(std::move(request)); }

std::vector<HttpAnswer> HttpClient::finish(double timeout_seconds) {
  return impl_->finish(timeout_seconds);
}

}  // namespace bbprompt
