#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/variables_map.hpp>
#include <string>
#include <vector>

namespace bbprompt {

enum ExitCode : int { kExitDone = 0, kExitFailed = 1, kExitUsage = 2, kExitStopped = 3 };

using Arguments = std::vector<std::string>;

// What `bbprompt NAME --help` says around the options.
struct CommandHelp {
  std::string name;     // "bbprompt run"
  std::string usage;    // one line, wrapped where it is shown
  std::string about;    // what the command is for; paragraphs end with a line feed
  std::string example;  // lines to copy, shown as they are
};

struct CommandOptions {
  boost::program_options::options_description named{"Options"};
  // Positional ones; the description says what is expected: "a configuration: ... FILE.yaml".
  boost::program_options::options_description hidden;
  boost::program_options::positional_options_description positional;
  CommandHelp help;
};

// An option that takes a real number, whose default help shows as people write it.
[[nodiscard]] boost::program_options::typed_value<double>* real_value(double otherwise);

// Parses a subcommand's arguments. Prints the help and returns false for --help; throws UsageError
// for arguments that do not fit.
[[nodiscard]] bool parse_arguments(const Arguments& arguments, const CommandOptions& options,
                                   boost::program_options::variables_map& values);

// The value of an option that may be absent: empty then.
[[nodiscard]] std::string text_of(const boost::program_options::variables_map& values,
                                  const char* name);

// The subcommands: each returns an exit code and throws Error.
[[nodiscard]] int run_command(const Arguments& arguments);
[[nodiscard]] int plan_command(const Arguments& arguments);
[[nodiscard]] int validate_command(const Arguments& arguments);
[[nodiscard]] int candidates_command(const Arguments& arguments);
[[nodiscard]] int data_command(const Arguments& arguments);
[[nodiscard]] int explain_command(const Arguments& arguments);
[[nodiscard]] int export_command(const Arguments& arguments);
[[nodiscard]] int predict_command(const Arguments& arguments);
[[nodiscard]] int report_command(const Arguments& arguments);
[[nodiscard]] int compare_command(const Arguments& arguments);
[[nodiscard]] int rescore_command(const Arguments& arguments);
[[nodiscard]] int serve_command(const Arguments& arguments);
[[nodiscard]] int submit_command(const Arguments& arguments);
[[nodiscard]] int status_command(const Arguments& arguments);

// Runs a command line without the program's name: the whole of main but its return.
[[nodiscard]] int run_application(const Arguments& arguments);

}  // namespace bbprompt
