#include "app/run_roots.hpp"

#include <filesystem>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/explain/open_trial.hpp"

namespace bbprompt {

namespace po = boost::program_options;

void add_root_options(po::options_description& options) {
  const auto text = [] { return po::value<std::string>()->value_name("FOLDER"); };
  options.add_options()("data-folder", text(),
                        "folder of the data sets, where it is not the one the run used "
                        "(data_folder or BBPROMPT_DATA)");
  options.add_options()("config-folder", text(),
                        "folder where the configuration's relative paths start (default: where "
                        "its file was)");
  options.add_options()("model-path", text(),
                        "folder of the model, where it has moved; it must be the run's model");
}

PathRoots roots_of(const Results& results, const po::variables_map& values) {
  PathRoots roots = path_roots(results.run);
  if (values.count("config-folder") > 0) roots.folder = text_of(values, "config-folder");
  if (values.count("data-folder") > 0)
    roots.data = find_data_folder(text_of(values, "data-folder"));
  roots.model = text_of(values, "model-path");
  if (!std::filesystem::is_directory(roots.folder)) {
    throw UsageError("expected the folder of the run's configuration at \"" +
                     roots.folder.string() +
                     "\", found none; name the folder where the configuration's relative paths "
                     "start with --config-folder");
  }
  return roots;
}

}  // namespace bbprompt
