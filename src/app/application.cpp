#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <functional>
#include <iostream>
#include <map>

#include "app/command.hpp"
#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

constexpr const char* kUsage =
    R"(bbprompt learns a prompt for a frozen language model that it can only query.

Usage: bbprompt COMMAND ...

  run         run the trials of a configuration, or go on with them
  plan        show the trials and what they will cost, without running them
  validate    check configuration, data and model, and ask the model one query
  candidates  show or write the words and phrases a discrete prompt may choose from
  report      tables of finished runs, also as CSV, JSON, Markdown, LaTeX or an HTML page
  explain     why a learned prompt works: its tokens one by one, the examples it turns
  data        import a data set, or check one for leakage, balance and length
  submit      run them as a Slurm job that requeues itself until it is done
  status      how far a run is, from another shell

bbprompt COMMAND --help explains each, with an example. bbprompt --version.

First steps:
  bbprompt validate configs/quickstart/quickstart.yaml
  mpirun -n 3 bbprompt run configs/quickstart/quickstart.yaml --out out/quickstart
  bbprompt report out/quickstart

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 stopped with a checkpoint (run it again).
)";

int dispatch(const Arguments& arguments) {
  static const std::map<std::string, std::function<int(const Arguments&)>> kCommands = {
      {"run", run_command},       {"plan", plan_command},       {"validate", validate_command},
      {"report", report_command}, {"status", status_command},   {"candidates", candidates_command},
      {"data", data_command},     {"explain", explain_command}, {"submit", submit_command},
  };
  if (arguments.empty()) {
    std::cerr << kUsage;
    return kExitUsage;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    std::cout << kUsage;
    return kExitDone;
  }
  if (name == "--version") {
    std::cout << "bbprompt " << BBPROMPT_VERSION << '\n';
    return kExitDone;
  }
  const auto command = kCommands.find(name);
  if (command == kCommands.end()) {
    throw UsageError("unknown command \"" + name +
                     "\"; expected run, plan, validate, candidates, report, explain, data, "
                     "submit or status (see bbprompt --help)");
  }
  return command->second({arguments.begin() + 1, arguments.end()});
}

}  // namespace

bool parse_arguments(const Arguments& arguments, const CommandOptions& options,
                     boost::program_options::variables_map& values) {
  namespace po = boost::program_options;
  po::options_description named = options.named;
  named.add_options()("help,h", "this text");
  po::options_description all;
  all.add(named).add(options.hidden);
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(options.positional).run(),
              values);
    if (values.count("help") > 0) {
      std::cout << "Usage: " << options.help.usage << "\n\n"
                << options.help.about << "\n\n"
                << named << "\nExample:\n"
                << options.help.example;
      return false;
    }
    po::notify(values);
  } catch (const po::error& error) {
    throw UsageError(std::string(error.what()) + "\nUsage: " + options.help.usage);
  }
  return true;
}

int run_application(const Arguments& arguments) {
  try {
    const int code = dispatch(arguments);
    std::cout.flush();
    if (!std::cout) throw Error("cannot write all of the output: the disk may be full");
    return code;
  } catch (const UsageError& error) {
    std::cerr << "bbprompt: " << error.what() << '\n';
    return kExitUsage;
  } catch (const ConfigError& error) {
    std::cerr << "bbprompt: " << error.what() << '\n';
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "bbprompt: " << error.what() << '\n';
    return kExitFailed;
  }
}

}  // namespace bbprompt
