#include "bbprompt/predict/shared_labeling.hpp"

#include <string>
#include <utility>

#include "bbprompt/base/bytes.hpp"
#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

constexpr int kMaster = 0;
constexpr double kWaitSeconds = 1.0;
// Stretches held for each worker: those that wait for an earlier one's answer count too.
constexpr std::size_t kHeldPerWorker = 4;

Bytes encode_examples(std::uint64_t number, const std::vector<Example>& examples) {
  ByteWriter writer;
  writer.put(number);
  writer.put<std::uint64_t>(examples.size());
  for (const Example& example : examples) {
    writer.put_string(example.text_a);
    writer.put_string(example.text_b);
    writer.put<std::int64_t>(example.row);
  }
  return writer.take();
}

std::vector<Example> decode_examples(ByteReader& reader) {
  std::vector<Example> examples;
  const auto count = reader.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count; ++i) {
    Example& example = examples.emplace_back();
    example.text_a = reader.get_string();
    example.text_b = reader.get_string();
    example.row = reader.get<std::int64_t>();
  }
  reader.expect_end();
  return examples;
}

}  // namespace

SharedLabeling::SharedLabeling(Channel* channel, MakeLabeler make, int num_labels, Sink sink)
    : channel_(channel), make_(std::move(make)), num_labels_(num_labels), sink_(std::move(sink)) {
  if (channel_ != nullptr) idle_ = channel_->workers();
}

void SharedLabeling::add(std::vector<Example> examples) {
  if (examples.empty()) return;
  if (channel_ == nullptr) {
    if (!own_) own_ = make_();
    sink_(examples, own_->scores(examples));
    return;
  }
  const std::size_t most = kHeldPerWorker * channel_->workers().size();
  while (idle_.empty() || waiting_.size() >= most) take_answer();
  const int worker = idle_.back();
  idle_.pop_back();
  channel_->send(worker, encode_examples(next_, examples));
  waiting_.emplace(next_++, std::move(examples));
}

void SharedLabeling::take_answer() {
  const auto message = channel_->receive(kWaitSeconds);
  if (!message) {
    if (!channel_->lost_ranks().empty()) throw CommError("a rank is lost; run the command again");
    return;
  }
  ByteReader reader(message->bytes);
  const auto number = reader.get<std::uint64_t>();
  const std::string problem = reader.get_string();
  if (!problem.empty()) throw Error("rank " + std::to_string(message->source) + ": " + problem);
  const auto values = reader.get_all<double>();
  const auto found = waiting_.find(number);
  const auto rows = found == waiting_.end() ? 0 : static_cast<Eigen::Index>(found->second.size());
  if (rows == 0 || static_cast<Eigen::Index>(values.size()) != rows * num_labels_)
    throw CommError("a worker sent scores of another stretch than it was given");
  answered_[number] = Eigen::Map<const RowMatrixXd>(values.data(), rows, num_labels_);
  idle_.push_back(message->source);
  hand_on();
}

void SharedLabeling::hand_on() {
  for (auto ready = answered_.find(done_); ready != answered_.end();
       ready = answered_.find(done_)) {
    sink_(waiting_.at(done_), ready->second);
    answered_.erase(ready);
    waiting_.erase(done_++);
  }
}

void SharedLabeling::finish() {
  while (!waiting_.empty()) take_answer();
}

void SharedLabeling::end_workers() {
  if (channel_ == nullptr || std::exchange(is_ended_, true)) return;
  for (const int worker : channel_->workers()) channel_->send(worker, {});
}

void label_for_master(Channel& channel, const MakeLabeler& make) {
  std::unique_ptr<PromptLabeler> labeler;
  while (true) {
    const auto message = channel.receive(kWaitSeconds);
    if (!message) {
      if (!channel.lost_ranks().empty()) throw CommError("the master is lost");
      continue;
    }
    if (message->bytes.empty()) return;
    ByteReader reader(message->bytes);
    ByteWriter answer;
    answer.put(reader.get<std::uint64_t>());
    try {
      const std::vector<Example> examples = decode_examples(reader);
      if (!labeler) labeler = make();
      const RowMatrixXd scores = labeler->scores(examples);
      answer.put_string("");
      answer.put_all(
          std::span<const double>(scores.data(), static_cast<std::size_t>(scores.size())));
    } catch (const std::exception& error) {
      answer.put_string(error.what());
    }
    channel.send(kMaster, answer.take());
  }
}

}  // namespace bbprompt
