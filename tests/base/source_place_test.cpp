#include "bbprompt/base/source_place.hpp"

#include <gtest/gtest.h>

namespace bbprompt {
namespace {

TEST(KeyPlaces, FindAKeyOrTheSectionAroundIt) {
  const auto file = std::make_shared<const std::string>("a.yaml");
  KeyPlaces places;
  places.add("task", {file, 3, 1});
  places.add("task.template", {file, 5, 13});
  const ConfigLocation written = places.find("task.template");
  EXPECT_EQ(written.file, "a.yaml");
  EXPECT_EQ(written.line, 5);
  EXPECT_EQ(written.column, 13);
  const ConfigLocation around = places.find("task.labels.good");
  EXPECT_EQ(around.line, 3);
  EXPECT_EQ(around.key, "task.labels.good");
  EXPECT_EQ(places.find("model.path").file, "");
}

TEST(SettingError, KnowsItsKeyAndWhatIsWrong) {
  const SettingError error("task.labels", "expected two");
  EXPECT_STREQ(error.what(), "task.labels: expected two");
  EXPECT_EQ(error.message(), "expected two");
}

}  // namespace
}  // namespace bbprompt
