#pragma once

#include <ostream>
#include <streambuf>
#include <string>

namespace bbprompt {

// Hands on what is written to it with safe_text: whatever a results file, a label or a server said
// comes to a terminal as text, and nothing of it as a command. Line by line, and at each flush.
class SafeOutput : public std::streambuf {
 public:
  explicit SafeOutput(std::streambuf* target) : target_(target) {}
  SafeOutput(const SafeOutput&) = delete;
  SafeOutput& operator=(const SafeOutput&) = delete;
  ~SafeOutput() override;

 protected:
  int_type overflow(int_type letter) override;
  std::streamsize xsputn(const char* text, std::streamsize count) override;
  int sync() override;

 private:
  bool hand_on(std::size_t count);

  std::streambuf* target_;  // outlives this object
  std::string waiting_;
};

// Standard output and standard error as all text goes there; the live line of progress, which moves
// the cursor, is written to std::cerr itself. Everything written to std::cout passes this way while
// a SafeStandardOutput lives.
[[nodiscard]] std::ostream& error_output();

class SafeStandardOutput {
 public:
  SafeStandardOutput();
  SafeStandardOutput(const SafeStandardOutput&) = delete;
  SafeStandardOutput& operator=(const SafeStandardOutput&) = delete;
  ~SafeStandardOutput();

 private:
  std::streambuf* before_;
  SafeOutput output_;
};

}  // namespace bbprompt
