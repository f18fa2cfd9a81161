#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/predict/prompt_labeler.hpp"

namespace bbprompt {

// Makes a process's labeler; called when there is something to label, and once.
using MakeLabeler = std::function<std::unique_ptr<PromptLabeler>()>;

// Labels stretches of examples on the workers of a channel, or in this process where it is alone
// (null channel), and hands on what comes in the order in which the stretches came.
class SharedLabeling {
 public:
  using Sink = std::function<void(const std::vector<Example>& examples, const RowMatrixXd& scores)>;

  // `channel` must outlive this object; `num_labels` is the width of the scores.
  SharedLabeling(Channel* channel, MakeLabeler make, int num_labels, Sink sink);

  // Takes the next stretch. May wait for earlier ones, so that few are held at a time. Throws
  // Error with the reason where one could not be labelled.
  void add(std::vector<Example> examples);

  // Waits for all of them.
  void finish();

  // Tells the workers that nothing follows. They are told once, also after an error.
  void end_workers();

 private:
  void take_answer();
  void hand_on();

  Channel* channel_;
  MakeLabeler make_;
  int num_labels_;
  Sink sink_;
  std::unique_ptr<PromptLabeler> own_;
  std::vector<int> idle_;                                  // workers
  std::map<std::uint64_t, std::vector<Example>> waiting_;  // handed out or answered, by number
  std::map<std::uint64_t, RowMatrixXd> answered_;
  std::uint64_t next_ = 0;  // number of the next stretch
  std::uint64_t done_ = 0;  // handed on
  bool is_ended_ = false;
};

// A worker of SharedLabeling: labels what it is sent until the master says that nothing follows.
// What goes wrong is sent to the master.
void label_for_master(Channel& channel, const MakeLabeler& make);

}  // namespace bbprompt
