#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <iostream>

#include "app/command.hpp"
#include "app/help.hpp"
#include "app/safe_output.hpp"
#include "app/terminal.hpp"
#include "app/version.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/text_table.hpp"

namespace bbprompt {
namespace {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Arguments&);
};

constexpr std::array kCommands{
    Command{"run", "run the trials of a configuration, or resume them", run_command},
    Command{"plan", "show the trials and what they will cost, without running them", plan_command},
    Command{"validate", "check configuration, data and model, and ask the model two queries",
            validate_command},
    Command{"candidates", "show or write the words a discrete prompt may choose from",
            candidates_command},
    Command{"report", "show results as tables, CSV, JSON, Markdown, LaTeX or HTML", report_command},
    Command{"compare", "show two runs side by side: settings, paired tests, prompts",
            compare_command},
    Command{"rescore", "score a run again with other calibrations or as ensembles, without queries",
            rescore_command},
    Command{"explain", "show which parts of a learned prompt matter, and what it changes",
            explain_command},
    Command{"predict", "label new texts with a learned prompt", predict_command},
    Command{"export", "write a learned prompt for use elsewhere", export_command},
    Command{"data", "import a data set, or check one for leakage, balance and length",
            data_command},
    Command{"serve", "answer queries to a model of this machine over HTTP", serve_command},
    Command{"submit", "run a sweep as a Slurm job that requeues itself until done", submit_command},
    Command{"status", "show how far a run is, from another shell", status_command},
};

constexpr const char* kFirstSteps = R"(First steps:
  bbprompt validate configs/quickstart/quickstart.yaml
  mpirun -n 3 bbprompt run configs/quickstart/quickstart.yaml --out out/quickstart
  bbprompt report out/quickstart
)";

std::string general_help() {
  const std::size_t width = text_columns();
  constexpr std::size_t kIndent = 14;
  std::string text =
      wrapped("bbprompt learns a prompt for a frozen language model that it can only query.",
              width) +
      "\nUsage: bbprompt COMMAND [ARGUMENTS]\n\nCommands:\n";
  for (const Command& command : kCommands) {
    std::string start = "  " + std::string(command.name);
    start.resize(kIndent, ' ');
    text += start + wrapped(command.summary, width, kIndent);
  }
  return text + "\n" +
         wrapped(
             "\"bbprompt help COMMAND\" explains a command, with an example. "
             "\"bbprompt --version\" prints the version.",
             width) +
         "\n" + kFirstSteps + "\n" +
         wrapped(
             "Exit codes: 0 done; 1 failed; 2 wrong command line or configuration; 3 stopped "
             "with a checkpoint (run the same command again to go on).",
             width);
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  return names;
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty()) {
    std::cerr << general_help();
    return kExitUsage;
  }
  const std::string& name = arguments.front();
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (name == "--help" || name == "-h" || (name == "help" && rest.empty())) {
    std::cout << general_help();
    return kExitDone;
  }
  if (name == "help") {  // of a command: the same as COMMAND --help
    Arguments asked = rest;
    if (asked.back() != "--help" && asked.back() != "-h") asked.emplace_back("--help");
    return dispatch(asked);
  }
  if (name == "--version" || name == "-v" || name == "version") {
    std::cout << version_text();
    return kExitDone;
  }
  const auto command = std::find_if(kCommands.begin(), kCommands.end(),
                                    [&](const Command& known) { return name == known.name; });
  if (command == kCommands.end()) {
    throw UsageError("unknown command \"" + printable(name) + "\"" +
                     suggestion(name, command_names()) + "; \"bbprompt help\" lists the commands");
  }
  return command->run(rest);
}

}  // namespace

boost::program_options::typed_value<double>* real_value(double otherwise) {
  return boost::program_options::value<double>()->default_value(otherwise, short_number(otherwise));
}

std::string text_of(const boost::program_options::variables_map& values, const char* name) {
  return values.count(name) > 0 ? values[name].as<std::string>() : std::string();
}

bool parse_arguments(const Arguments& arguments, const CommandOptions& options,
                     boost::program_options::variables_map& values) {
  namespace po = boost::program_options;
  CommandOptions with_help = options;
  with_help.named.add_options()("help,h", "print this text");
  po::options_description all;
  all.add(with_help.named).add(options.hidden);
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(options.positional).run(),
              values);
    if (values.count("help") > 0) {
      std::cout << help_text(with_help, text_columns());
      return false;
    }
    po::notify(values);
  } catch (const po::error& error) {
    throw UsageError(describe_usage(error, with_help) + "\n" +
                     usage_text(options.help, text_columns()) + "\"" + options.help.name +
                     " --help\" explains the options");
  }
  return true;
}

int run_application(const Arguments& arguments) {
  const SafeStandardOutput safe;
  try {
    const int code = dispatch(arguments);
    std::cout.flush();
    if (!std::cout) throw Error("cannot write all of the output: the disk may be full");
    return code;
  } catch (const UsageError& error) {
    error_output() << "bbprompt: " << error.what() << '\n';
    return kExitUsage;
  } catch (const ConfigError& error) {
    error_output() << "bbprompt: " << error.what() << '\n';
    return kExitUsage;
  } catch (const std::exception& error) {
    error_output() << "bbprompt: " << error.what() << '\n';
    return kExitFailed;
  }
}

}  // namespace bbprompt
