#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/results_file.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/tools.hpp"
#include "tests/support.hpp"

// Files whose seal is good and whose inside is wrong. Each must be refused, naming the object.
namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::run_tool;
using testing::TemporaryFolder;

struct HostileCase {
  std::string name;    // function of damage.py
  std::string object;  // that the message must name
  std::string reason;  // that it must give
};

const std::string kTrial = "/trials/trec-soft-s1";  // NOLINT(cert-err58-cpp): test constant

const std::string kPrompt = kTrial + "/best/prompt";         // NOLINT(cert-err58-cpp)
const std::string kStorage = "expected contiguous storage";  // NOLINT(cert-err58-cpp)

const HostileCase kResultsCases[] = {
    {"missing_dataset", kTrial + "/config", "expected a dataset, found nothing"},
    {"missing_group", kTrial + "/best/splits", "expected a group, found nothing"},
    {"missing_attribute", kTrial + "/seed", "expected an attribute, found nothing"},
    {"missing_run", "/run", "expected a group, found nothing"},
    {"float_attribute", kTrial + "/seed", "64-bit unsigned integers"},
    {"narrow_attribute", kTrial + "/seed", "64-bit unsigned integers"},
    {"array_attribute", kTrial + "/seed", "expected 0 dimensions, found 1"},
    {"variable_string_attribute", kTrial + "/task", "strings of fixed length"},
    {"variable_string_dataset", kTrial + "/config", "strings of fixed length"},
    {"variable_string_list", kTrial + "/labels", "strings of fixed length"},
    {"unterminated_kind_of_string", kTrial + "/config", "NUL-terminated"},
    {"unterminated_string", kTrial + "/config", "NUL-terminated"},
    {"broken_utf8", kTrial + "/config", "not valid UTF-8 at byte 1"},
    {"narrow_column", kTrial + "/generations/sigma", "64-bit floats"},
    {"big_endian_column", kTrial + "/generations/sigma", "64-bit floats"},
    {"long_column", kTrial + "/generations/sigma", "expected 2 rows"},
    {"short_column", kTrial + "/generations/num_queries", "expected 2 rows"},
    {"long_timing", kTrial + "/timings/generation_seconds", "expected 2 rows"},
    {"matrix_for_vector", kPrompt + "/point", "expected 1 dimensions, found 2"},
    {"vector_for_matrix", kPrompt + "/vectors", "expected 2 dimensions, found 1"},
    {"scalar_for_vector", kPrompt + "/point", "expected 1 dimensions, found 0"},
    {"no_dataspace", kPrompt + "/point", "found no data"},
    {"compound_dataset", kTrial + "/gold/test", "32-bit signed integers"},
    {"group_for_dataset", kTrial + "/config", "expected a dataset, found another kind"},
    {"dataset_for_group", kTrial + "/best", "expected a group, found another kind"},
    {"type_for_dataset", kTrial + "/config", "expected a dataset, found another kind"},
    {"huge_vector", kPrompt + "/point", "bytes left of the file"},
    {"huge_table", kTrial + "/generations/generation", "more values than the file holds"},
    {"huge_overflowing", kPrompt + "/vectors", "more values than any file can hold"},
    {"huge_but_empty", kPrompt + "/vectors", "more values than any file can hold"},
    {"huge_strings", kTrial + "/labels", "bytes left of the file"},
    {"huge_string", kTrial + "/config", "bytes left of the file"},
    {"chunked", kTrial + "/gold/test", kStorage},
    {"compressed", kTrial + "/gold/test", kStorage},
    {"compact", kTrial + "/gold/test", kStorage},
    {"virtual", kTrial + "/gold/other", kStorage},
    {"external_storage", kTrial + "/gold/test", kStorage},
    {"soft_link", kTrial + "/config", "links are not followed"},
    {"soft_link_to_itself", kTrial + "/best", "links are not followed"},
    {"external_link", "/run", "links are not followed"},
    {"external_link_as_trial", "/trials/a-failed", "links are not followed"},
    {"hard_link_cycle", kTrial + "/best/splits/again/metric", "found nothing"},
    {"deep_groups", kTrial + "/gold/deep", "found another kind"},
    {"order_too_long", "/trial_order", "NUL-terminated"},
    {"extra_trial", "/trials", "expected the 3 trials of /trial_order, found 4"},
    {"other_id", kTrial + "/id", "found \"another\""},
    {"unknown_state", kTrial + "/state", "found \"maybe\""},
    {"unknown_prompt_kind", kPrompt + "/kind", "found \"hard\""},
    {"label_too_high", kTrial + "/best/splits/test/predicted", "below 3, found 3"},
    {"label_negative", kTrial + "/gold/dev", "below 3, found -1"},
    {"predicted_too_short", kTrial + "/best/splits/test/predicted", "expected 4 values, found 3"},
    {"tokens_too_few", kPrompt + "/tokens", "expected 3 values, found 2"},
    {"base_ids_too_many", kPrompt + "/base_ids", "expected 1 value, found 3"},
    {"token_negative", kPrompt + "/ids", "found -2"},
    {"count_negative", kTrial + "/usage/search", "negative"},
    {"generations_descend", kTrial + "/generations/generation", "ascending"},
    {"cached_negative", kTrial + "/usage/dev", "negative"},
    {"layers_do_not_divide", kPrompt + "/num_layers", "divisor of 2 rows of vectors, found 3"},
    {"layers_none", kPrompt + "/num_layers", "divisor of 2 rows of vectors, found 0"},
    {"shares_too_wide", kTrial + "/position_shares", "expected 3 values, found 4"},
    {"value_changed", kTrial + "/digest", "changed by hand"},
    {"run_changed", "/digest", "changed by hand"},
};

std::vector<HostileCase> checkpoint_cases() {
  const std::string saved = "/checkpoint";
  return {
      {"shared_bytes", saved + "/optimizer/arrays", "bytes left of the file"},
      {"integer_is_array", saved + "/optimizer/integers/generation", "expected 0 dimensions"},
      {"integer_is_float", saved + "/optimizer/integers/generation", "64-bit signed integers"},
      {"array_is_group", saved + "/optimizer/arrays/other", "found another kind"},
      {"fitness_too_long", saved + "/selection/fitness", "expected 2 values, found 3"},
      {"selection_generation_too_short", saved + "/selection/generation", "found 1"},
      {"selection_means_too_few", saved + "/selection/label_means", "expected 2 values, found 1"},
      {"cache_losses_too_few", saved + "/cache/losses", "expected 3 values, found 2"},
      {"cache_means_too_few", saved + "/cache/label_means", "expected 3 values, found 2"},
      {"open_scores_too_few", saved + "/open/scores", "expected 3 values, found 2"},
      {"incumbent_too_long", saved + "/incumbent", "expected 2 values, found 3"},
      {"no_checkpoint_group", saved, "expected a group, found nothing"},
      {"no_trial", "/trials", "expected one trial, found 0"},
  };
}

template <typename Read>
void expect_refusal(const TemporaryFolder& folder, const HostileCase& hostile, const Read& read) {
  const auto path = folder / (hostile.name + ".h5");
  try {
    (void)read(path);
    ADD_FAILURE() << hostile.name << " was read";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr(path.string() + ": " + hostile.object), HasSubstr(hostile.reason)))
        << hostile.name;
    EXPECT_EQ(error.file(), path.string());
  }
  EXPECT_EQ(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), 0) << hostile.name << " left HDF5 open";
}

// What is wrong in a part that is left out is not seen; anything else is refused.
void expect_reading_in_part(const std::filesystem::path& path) {
  try {
    (void)read_results(path, RecordDetail::kTables);
  } catch (const StoreError& error) {
    EXPECT_EQ(error.file(), path.string());
  }
  EXPECT_EQ(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), 0) << path << " left HDF5 open";
}

TEST(HostileFile, IsRefusedNamingTheObjectWhateverIsWrongInside) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_H5PY_PYTHON, "a Python 3 with h5py");
  const TemporaryFolder folder;
  write_results(folder / "good_results.h5", testing::sample_results());
  write_checkpoint(folder / "good.checkpoint.h5", testing::sample_checkpoint());
  const auto made =
      run_tool({BBPROMPT_H5PY_PYTHON, testing::store_script("damage.py"),
                folder / "good_results.h5", folder / "good.checkpoint.h5", folder.path()});
  ASSERT_EQ(made.status, 0) << made.output;
  for (const HostileCase& hostile : kResultsCases) {
    expect_refusal(folder, hostile, [](const auto& path) { return read_results(path); });
    expect_reading_in_part(folder / (hostile.name + ".h5"));
  }
  for (const HostileCase& hostile : checkpoint_cases()) {
    expect_refusal(folder, hostile, read_checkpoint);
  }
  // Every file that was made has its row above: results, checkpoint and their two companions aside.
  const auto num_files = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  EXPECT_EQ(static_cast<std::size_t>(num_files),
            std::size(kResultsCases) + checkpoint_cases().size() + 4);
}

}  // namespace
}  // namespace bbprompt
