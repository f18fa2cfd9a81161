#include "store/sealed_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/results_file.hpp"
#include "store/trial_file.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

std::string good_checkpoint(const TemporaryFolder& folder) {
  write_checkpoint(folder / "good.h5", testing::sample_checkpoint());
  return read_text(folder / "good.h5");
}

std::string refusal_of(const std::filesystem::path& path, const std::string& contents) {
  write_text(path, contents);
  try {
    (void)read_checkpoint(path);
  } catch (const StoreError& error) {
    EXPECT_EQ(error.file(), path.string());
    return error.what();
  }
  return "";
}

std::string with_seal(const std::string& file, const std::string& head) {
  std::string changed = file;
  changed.replace(0, kSealBytes, head + std::string(kSealBytes - head.size(), '\0'));
  return changed;
}

TEST(SealedFile, IsRefusedHoweverItWasCut) {
  const TemporaryFolder folder;
  const std::string good = good_checkpoint(folder);
  const std::size_t step = good.size() / 97;
  for (std::size_t size = 0; size < good.size(); size += size < 600 ? 7 : step) {
    EXPECT_NE(refusal_of(folder / "cut.h5", good.substr(0, size)), "") << size << " bytes";
  }
  EXPECT_THAT(refusal_of(folder / "cut.h5", good.substr(0, good.size() - 1)),
              HasSubstr("expected " + std::to_string(good.size()) + " bytes, found " +
                        std::to_string(good.size() - 1)));
  EXPECT_THAT(refusal_of(folder / "cut.h5", ""), HasSubstr("found 0 bytes"));
  EXPECT_NE(refusal_of(folder / "cut.h5", good + '\0'), "");
}

TEST(SealedFile, IsRefusedWhicheverBitOfItsSealFlips) {
  const TemporaryFolder folder;
  std::string file = good_checkpoint(folder);
  for (std::size_t at = 0; at < kSealBytes; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      file[at] = static_cast<char>(file[at] ^ (1 << bit));
      EXPECT_THROW(verify_seal("x", file, FileKind::kCheckpoint), StoreError) << at << " " << bit;
      file[at] = static_cast<char>(file[at] ^ (1 << bit));
    }
  }
  verify_seal("x", file, FileKind::kCheckpoint);
}

TEST(SealedFile, IsRefusedWhenABitOfItsContentsFlips) {
  const TemporaryFolder folder;
  std::string file = good_checkpoint(folder);
  RandomStream random({.seed = 1, .purpose = "flips"});
  for (std::size_t at = kSealBytes; at < file.size(); at += 1 + random.below(97)) {
    const auto mask = 1 << random.below(8);
    file[at] = static_cast<char>(file[at] ^ mask);
    EXPECT_THROW(verify_seal("x", file, FileKind::kCheckpoint), StoreError) << at;
    file[at] = static_cast<char>(file[at] ^ mask);
  }
  file[file.size() / 2] ^= 1;
  EXPECT_THAT(refusal_of(folder / "flipped.h5", file),
              HasSubstr("the contents changed since they were written"));
}

TEST(SealedFile, NamesBothVersionsOfANewerSchema) {
  const TemporaryFolder folder;
  const std::string good = good_checkpoint(folder);
  std::string newer = good;
  newer.replace(newer.find("schema 2"), 8, "schema 3");
  const std::string message = refusal_of(folder / "newer.h5", newer);
  EXPECT_THAT(message, HasSubstr("expected schema version 2, found 3"));
  EXPECT_THAT(message, HasSubstr("version of bbprompt that wrote it"));
}

TEST(SealedFile, RefusesAnotherKindAndOtherFormats) {
  const TemporaryFolder folder;
  const std::string good = good_checkpoint(folder);
  write_results(folder / "results.h5", testing::sample_results());
  EXPECT_THAT(refusal_of(folder / "a.h5", read_text(folder / "results.h5")),
              HasSubstr("expected a checkpoint file, found a results file"));
  EXPECT_THROW((void)read_results(folder / "good.h5"), StoreError);
  EXPECT_THROW((void)read_trial(folder / "good.h5"), StoreError);
  EXPECT_THAT(refusal_of(folder / "b.h5", good.substr(kSealBytes)),
              HasSubstr("expected a file that begins with \"bbprompt-hdf5\""));
  EXPECT_NE(refusal_of(folder / "c.h5", std::string(5000, 'x')), "");
}

TEST(SealedFile, RefusesSealsThatAreNotExactlyWhatIsWritten) {
  const TemporaryFolder folder;
  const std::string good = good_checkpoint(folder);
  const std::string head = good.substr(0, good.find('\0'));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = head;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string heads[] = {
      "bbprompt-hdf5\n",
      changed("schema 2", "schema 02"),
      changed("schema 2", "schema -1"),
      changed("schema 2", "schema 99999999999999999999999999"),
      changed("schema 2", "schema "),
      changed("kind ", "kind\t"),
      changed("sha256", "sha512"),
      head + "more\n",
      head.substr(0, head.size() - 1),
      head.substr(0, head.find("size")),
  };
  for (const std::string& text : heads) {
    EXPECT_THAT(refusal_of(folder / "seal.h5", with_seal(good, text)), HasSubstr("damaged seal"))
        << text;
  }
}

TEST(SealedFile, NamesItsKind) {
  const TemporaryFolder folder;
  (void)good_checkpoint(folder);
  write_results(folder / "results.h5", testing::sample_results());
  write_trial(folder / "t.h5", testing::sample_finished());
  write_text(folder / "empty.h5", "");
  EXPECT_EQ(sealed_kind(folder / "good.h5"), FileKind::kCheckpoint);
  EXPECT_EQ(sealed_kind(folder / "results.h5"), FileKind::kResults);
  EXPECT_EQ(sealed_kind(folder / "t.h5"), FileKind::kTrial);
  EXPECT_THROW((void)sealed_kind(folder / "empty.h5"), StoreError);
  EXPECT_THROW((void)sealed_kind(folder / "absent.h5"), StoreError);
}

}  // namespace
}  // namespace bbprompt
